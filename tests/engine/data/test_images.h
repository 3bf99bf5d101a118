#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace simclr::engine {

// Files made in memory, 16 x 12 pixels (width x height) of one colour.
enum class JpegColours { kRgb, kGray, kCmyk };
std::string MakeJpeg(int red, int green, int blue, JpegColours colours = JpegColours::kRgb);

// libpng's colour types (PNG_COLOR_TYPE_*), 8 or 16 bits; alpha, where there is one, is half.
std::string MakePng(int red, int green, int blue, int colour_type, int bits = 8);

// An uncompressed archive member: header, data and padding. `type` is '0' for a file.
std::string TarMember(const std::string& name, const std::string& data, char type = '0',
                      const std::string& prefix = "");
std::string TarEnd();

// Image i is 8 x 8 pixels of value i; labels go round. Indices in `bad` cannot be decoded; reads are counted.
class FakeDataset final : public Dataset {
 public:
  FakeDataset(std::int64_t size, int classes, std::set<std::int64_t> bad = {});

  std::int64_t size() const override { return size_; }
  int label(std::int64_t index) const override { return static_cast<int>(index % classes_.size()); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string name(std::int64_t index) const override;
  absl::StatusOr<Image> Read(std::int64_t index) const override;

  int reads() const;

 private:
  struct Counter;
  const std::int64_t size_;
  std::vector<std::string> classes_;
  const std::set<std::int64_t> bad_;
  const std::shared_ptr<Counter> counter_;
};

}  // namespace simclr::engine
