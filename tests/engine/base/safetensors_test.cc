#include "engine/base/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"

namespace simclr::engine {
namespace {

using testing::HasSubstr;

std::string Bytes(const std::string& header, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\1');
}

SafetensorsFile Sample() {
  SafetensorsFile file;
  file.metadata = {{"kind", "test"}, {"quote", "a \"b\" \\ c"}};
  file.tensors = {{"small", at::arange(3, at::kByte)},
                  {"flag", at::ones({2}, at::kBool)},
                  {"wide", at::arange(6, at::kDouble).view({2, 3})},
                  {"turned", at::arange(6, at::kFloat).view({2, 3}).t()},
                  {"half", at::full({2}, 1.5, at::kBFloat16)},
                  {"count", at::scalar_tensor(7, at::kLong)},
                  {"none", at::empty({0, 4}, at::kFloat)}};
  return file;
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const SafetensorsFile sample = Sample();
  const absl::StatusOr<SafetensorsFile> back = DecodeSafetensors(EncodeSafetensors(sample), "sample");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->metadata, sample.metadata);
  ASSERT_EQ(back->tensors.size(), sample.tensors.size());
  for (const NamedTensor& original : sample.tensors) {
    const auto same = [&](const NamedTensor& read) {
      return read.name == original.name && read.tensor.scalar_type() == original.tensor.scalar_type() &&
             at::equal(read.tensor, original.tensor);
    };
    EXPECT_TRUE(std::any_of(back->tensors.begin(), back->tensors.end(), same)) << original.name;
  }
}

TEST(Safetensors, WritesEqualBytesForEqualInputWithAlignedData) {
  const std::string bytes = EncodeSafetensors(Sample());
  EXPECT_EQ(bytes, EncodeSafetensors(Sample()));
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
  EXPECT_EQ(DecodeSafetensors(bytes, "sample")->tensors.front().tensor.element_size(), 8);
}

TEST(Safetensors, WritesAFileAsAWhole) {
  const std::string path = absl::StrCat(testing::TempDir(), "safetensors_test.safetensors");
  ASSERT_TRUE(WriteSafetensors(path, Sample()).ok());
  const absl::StatusOr<SafetensorsFile> back = ReadSafetensors(path);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->tensors.size(), Sample().tensors.size());
  EXPECT_TRUE(PosixFileSystem().RemoveAll(path).ok());
  EXPECT_EQ(ReadSafetensors(path).status().code(), absl::StatusCode::kNotFound);
}

TEST(Safetensors, RefusesToWriteANameTwiceOrAnUnknownType) {
  SafetensorsFile twice;
  twice.tensors = {{"a", at::ones({1})}, {"a", at::ones({1})}};
  EXPECT_EQ(WriteSafetensors("unused", twice).code(), absl::StatusCode::kInternal);
  SafetensorsFile complex;
  complex.tensors = {{"a", at::ones({1}, at::kComplexFloat)}};
  EXPECT_EQ(WriteSafetensors("unused", complex).code(), absl::StatusCode::kInternal);
}

TEST(Safetensors, SurvivesEveryTruncation) {
  const std::string bytes = EncodeSafetensors(Sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(DecodeSafetensors(bytes.substr(0, length), "cut").status().code(), absl::StatusCode::kDataLoss)
        << length;
  }
  EXPECT_FALSE(DecodeSafetensors(bytes + "x", "longer").ok());
}

struct Hostile {
  const char* name;
  std::string bytes;
  const char* message;
};

class HostileSafetensors : public testing::TestWithParam<Hostile> {};

TEST_P(HostileSafetensors, IsRefusedWithItsReason) {
  const absl::Status status = DecodeSafetensors(GetParam().bytes, "evil.safetensors").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("evil.safetensors"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

std::string OneTensor(const std::string& fields, std::size_t data_bytes = 4) {
  return Bytes(absl::StrCat("{\"w\":{", fields, "}}"), data_bytes);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileSafetensors,
    testing::Values(
        Hostile{"HugeHeader", std::string(8, '\xff'), "does not fit"},
        Hostile{"NotJson", Bytes("{\"w\":", 0), "not a JSON object"},
        Hostile{"AList", Bytes("[1]", 0), "not a JSON object"},
        Hostile{"DeepNesting", Bytes(std::string(200000, '['), 0), "not a JSON object"},
        Hostile{"NoObject", Bytes("{\"w\":3}", 0), "'w' is not described"},
        Hostile{"NoType", OneTensor(R"("shape":[1],"data_offsets":[0,4])"), "'w' has no dtype"},
        Hostile{"OddType", OneTensor(R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4])"), "F8_E4M3"},
        Hostile{"NegativeSide", OneTensor(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"),
                "no valid shape"},
        Hostile{"RealSide", OneTensor(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"),
                "no valid shape"},
        Hostile{
            "ManySides",
            OneTensor(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4])"),
            "17 dimensions"},
        Hostile{"Overflow",
                OneTensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
                "do not fit"},
        Hostile{"EmptyButHuge",
                OneTensor(R"("dtype":"F32","shape":[0,4611686018427387904,8],"data_offsets":[0,0])", 0),
                "do not fit"},
        Hostile{"OneOffset", OneTensor(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), "no data_offsets"},
        Hostile{"Backwards", OneTensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), "do not fit"},
        Hostile{"WrongSize", OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), "do not fit"},
        Hostile{"PastTheEnd", OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"),
                "the file holds 4"},
        Hostile{"Hole", OneTensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8),
                "begins at byte 4"},
        Hostile{
            "Twice",
            Bytes(
                R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                1),
            "appears twice"},
        Hostile{
            "Overlap",
            Bytes(
                R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                3),
            "'b' begins at byte 1"},
        Hostile{"Metadata", Bytes(R"({"__metadata__":{"a":1}})", 0), "metadata 'a'"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace simclr::engine
