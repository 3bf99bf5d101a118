#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <random>
#include <string>

namespace simclr {

// Odd messages of any type, made by their descriptors: values at and beyond their bounds, text that is none,
// words that nobody knows, too many items, fields of a future version. The same seed makes the same messages.
// Not thread-safe.
class MessageMutator {
 public:
  explicit MessageMutator(std::uint64_t seed) : random_(seed) {}

  // Fills about half of the fields; values are mostly fine.
  void Fill(google::protobuf::Message& message);
  // Changes some of the fields that are set, at any depth, to something odd.
  void Mutate(google::protobuf::Message& message);

 private:
  using Field = google::protobuf::FieldDescriptor;

  bool OneIn(int n) { return random_() % static_cast<std::uint64_t>(n) == 0; }
  void FillList(google::protobuf::Message& message, const Field& field);
  // `index` -1: the field is no list; `bounded`: the field whose bound counts, that of a map for its entries.
  void FillValue(google::protobuf::Message& message, const Field& field, int index, const Field& bounded);
  void FillPart(google::protobuf::Message& part);
  std::string Text(const Field& field, const Field& bounded);
  std::string GoodText(const Field& bounded);
  double Number(const Field& bounded);

  std::mt19937_64 random_;
  int odd_in_ = 12;  // one value in so many is odd
  int depth_ = 0;
};

}  // namespace simclr
