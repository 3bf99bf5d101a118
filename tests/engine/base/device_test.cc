#include "engine/base/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::engine {
namespace {

TEST(Device, OpensTheCpuAnywhere) {
  const absl::StatusOr<at::Device> device = OpenDevice(DeviceKind::kCpu);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE(device->is_cpu());
  Synchronize(*device);
  EXPECT_TRUE(at::equal(ToDevice(at::arange(5), *device), at::arange(5)));
}

TEST(Device, RefusesCudaWhereThereIsNoneAndSaysWhatToDo) {
  if (CudaUsable()) GTEST_SKIP() << "this machine has a GPU";
  const absl::Status status = OpenDevice(DeviceKind::kCuda).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("use device cpu"));
}

TEST(Device, MovesTensorsToTheGpu) {
  if (!CudaUsable()) GTEST_SKIP() << "needs a GPU";
  const at::Device device = OpenDevice(DeviceKind::kCuda).value();
  const at::Tensor there = ToDevice(at::arange(5), device);
  Synchronize(device);
  EXPECT_TRUE(there.is_cuda());
  EXPECT_TRUE(at::equal(there.cpu(), at::arange(5)));
}

TEST(Device, NamesWhatItWasBuiltWith) {
  const std::string facts = BuildFacts();
  EXPECT_THAT(facts, testing::HasSubstr("libtorch 2."));
  EXPECT_THAT(facts, testing::HasSubstr("cpu capability "));
  EXPECT_TRUE(CheckLoadedNccl().ok());
}

}  // namespace
}  // namespace simclr::engine
