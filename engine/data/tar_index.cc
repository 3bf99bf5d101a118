#include "engine/data/tar_index.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"

namespace simclr::engine {
namespace {

constexpr std::int64_t kBlock = 512;
constexpr std::int64_t kMaxNameBytes = 1 << 20;  // of a pax header or GNU long name

std::int64_t RoundUp(std::int64_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

// A field up to its first NUL.
absl::string_view Text(absl::string_view field) {
  return field.substr(0, field.find('\0'));
}

// Octal digits with blanks around, or GNU's base 256 marked by the top bit; nullopt where it is neither.
std::optional<std::int64_t> Number(absl::string_view field) {
  std::int64_t value = 0;
  if (static_cast<unsigned char>(field[0]) == 0x80) {
    for (char c : field.substr(field.size() - 8)) value = value << 8 | static_cast<unsigned char>(c);
    return value < 0 ? std::nullopt : std::optional<std::int64_t>(value);
  }
  field = Text(field);
  while (absl::ConsumePrefix(&field, " ")) {
  }
  for (char c : field) {
    if (c == ' ') break;
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + (c - '0');
  }
  return value;
}

bool ChecksumHolds(absl::string_view header) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return Number(header.substr(148, 8)) == sum;
}

// What headers before an entry say about it.
struct Overrides {
  std::string path;
  std::optional<std::int64_t> size;
};

// Records "<length> <key>=<value>\n", one after the other; false where they are malformed.
bool ParsePax(absl::string_view records, Overrides* overrides) {
  while (!records.empty()) {
    const std::size_t blank = records.find(' ');
    std::size_t length = 0;
    if (blank == absl::string_view::npos || !absl::SimpleAtoi(records.substr(0, blank), &length) ||
        length < blank + 2 || length > records.size()) {
      return false;
    }
    const absl::string_view record = records.substr(blank + 1, length - blank - 2);
    const std::size_t equals = record.find('=');
    if (equals == absl::string_view::npos) return false;
    const absl::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") overrides->path = std::string(value);
    std::int64_t size = 0;
    if (key == "size" && absl::SimpleAtoi(value, &size) && size >= 0) overrides->size = size;
    records.remove_prefix(length);
  }
  return true;
}

std::string PathOf(absl::string_view header, const Overrides& overrides) {
  std::string path = overrides.path;
  if (path.empty()) {
    path = std::string(Text(header.substr(0, 100)));
    const absl::string_view prefix = Text(header.substr(345, 155));
    const bool ustar = header.substr(257, 6) == absl::string_view("ustar\0", 6);
    if (ustar && !prefix.empty()) path = absl::StrCat(prefix, "/", path);
  }
  absl::string_view relative = path;
  while (absl::ConsumePrefix(&relative, "./") || absl::ConsumePrefix(&relative, "/")) {
  }
  return std::string(relative);
}

absl::Status NotATar(const RandomAccessFile& archive, absl::string_view header, std::int64_t offset) {
  if (offset > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Printable(archive.path()), " is damaged: no tar header at byte ", offset));
  }
  const bool compressed = absl::StartsWith(header, "\x1F\x8B") || absl::StartsWith(header, "BZh") ||
                          absl::StartsWith(header,
                                           "\xFD"
                                           "7zXZ") ||
                          absl::StartsWith(header, "\x28\xB5\x2F\xFD");
  return absl::InvalidArgumentError(absl::StrCat(
      Printable(archive.path()),
      compressed ? " is compressed; images are read in place, so uncompress it first (gunzip, unxz, ...)"
                 : " is not a tar archive"));
}

// Walks from header to header; data of image files is never touched.
class Indexer {
 public:
  explicit Indexer(const RandomAccessFile& archive) : archive_(archive) {}

  absl::StatusOr<std::vector<TarEntry>> Run() {
    if (archive_.size() < kBlock) return NotATar(archive_, "", 0);
    while (offset_ + kBlock <= archive_.size()) {
      SIMCLR_ASSIGN_OR_RETURN(const std::string header, archive_.Read(offset_, kBlock));
      if (std::all_of(header.begin(), header.end(), [](char c) { return c == '\0'; })) break;
      if (!ChecksumHolds(header)) return NotATar(archive_, header, offset_);
      SIMCLR_RETURN_IF_ERROR(Take(header));
    }
    return std::move(entries_);
  }

 private:
  absl::Status Take(const std::string& header) {
    const std::optional<std::int64_t> written = Number(absl::string_view(header).substr(124, 12));
    if (!written.has_value()) return NotATar(archive_, header, std::max<std::int64_t>(offset_, 1));
    const char type = header[156];
    const bool file = type == '0' || type == '\0' || type == '7';
    const std::int64_t size = file ? next_.size.value_or(*written) : *written;
    const std::int64_t data = offset_ + kBlock;
    if (size > archive_.size() - data) {
      return absl::InvalidArgumentError(absl::StrCat(Printable(archive_.path()),
                                                     " is cut off: ", Printable(PathOf(header, next_)),
                                                     " ends after the end of the archive"));
    }
    offset_ = data + RoundUp(size);
    if (type == 'x' || type == 'L') return TakeName(type, data, size);
    if (file) entries_.push_back({PathOf(header, next_), data, size});
    if (type != 'g' && type != 'K') next_ = {};
    return absl::OkStatus();
  }

  // A pax header or a GNU long name: both describe the entry that follows.
  absl::Status TakeName(char type, std::int64_t data, std::int64_t size) {
    if (size > kMaxNameBytes) return NotATar(archive_, "", data);
    SIMCLR_ASSIGN_OR_RETURN(const std::string text, archive_.Read(data, size));
    if (type == 'L') {
      next_.path = std::string(Text(text));
    } else if (!ParsePax(text, &next_)) {
      return NotATar(archive_, "", data);
    }
    return absl::OkStatus();
  }

  const RandomAccessFile& archive_;
  std::int64_t offset_ = 0;
  Overrides next_;
  std::vector<TarEntry> entries_;
};

}  // namespace

absl::StatusOr<std::vector<TarEntry>> IndexTar(const RandomAccessFile& archive) {
  return Indexer(archive).Run();
}

}  // namespace simclr::engine
