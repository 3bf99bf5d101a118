#include "worker/agent/probes/slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// GPUs as "TOTAL_MIB:USED_MIB,..."; see tests/support/fake_nvml.cc.
std::unique_ptr<SlotProbe> ProbeWith(const char* gpus, const std::string& slots = "auto") {
  ::setenv("FAKE_NVML", gpus, 1);
  SlotOptions options;
  options.slots = slots;
  options.nvml_library = SIMCLR_FAKE_NVML;
  return MakeSlotProbe(options).value();
}

TEST(Slots, CountsGpusThroughNvml) {
  const std::vector<v1::Slot> slots = ProbeWith("81920:3,81920:3")->Probe({});
  ASSERT_THAT(slots, SizeIs(2));
  EXPECT_EQ(slots[1].index(), 1);
  EXPECT_EQ(slots[1].device(), v1::DEVICE_CUDA);
  EXPECT_EQ(slots[1].uuid(), "GPU-fake-1");
  EXPECT_EQ(slots[1].name(), "Fake GPU");
  EXPECT_EQ(slots[1].memory_bytes(), std::int64_t{81920} << 20);
  EXPECT_TRUE(slots[1].usable());
}

TEST(Slots, DoNotGiveOutAGpuWhoseMemoryIsInUse) {
  const std::vector<v1::Slot> slots = ProbeWith("81920:513,81920:512")->Probe({});
  EXPECT_FALSE(slots[0].usable());
  EXPECT_THAT(slots[0].unusable_reason(), HasSubstr("another process"));
  EXPECT_TRUE(slots[1].usable());
}

TEST(Slots, AreNotHeldAgainstTheirOwnTrainer) {
  const auto probe = ProbeWith("81920:70000");
  EXPECT_TRUE(probe->Probe({0})[0].usable());
  EXPECT_FALSE(probe->Probe({})[0].usable());
  ::setenv("FAKE_NVML", "81920:10", 1);
  EXPECT_TRUE(probe->Probe({})[0].usable());
}

TEST(Slots, KeepWhatTheLastProbeSawOfTheGpus) {
  const auto probe = ProbeWith("81920:3,81920:3");
  probe->Probe({});
  const GpuState state = probe->gpus();
  EXPECT_EQ(state.driver, "570.1");
  ASSERT_THAT(state.gpus, SizeIs(2));
  EXPECT_EQ(state.gpus[0].used_bytes, 3 << 20);
  EXPECT_EQ(state.gpus[0].utilization, 0.75);
  EXPECT_EQ(state.gpus[0].power_watts, 312.5);
  EXPECT_EQ(state.gpus[0].temperature_celsius, 61);
  EXPECT_EQ(state.gpus[1].temperature_celsius, std::nullopt);
  EXPECT_THAT(ProbeWith("81920:3", "2")->gpus().gpus, SizeIs(0));
}

TEST(Slots, AreOneCpuShareWithoutGpusLibraryOrDriver) {
  for (const char* gpus : {"", "broken"}) {
    const std::vector<v1::Slot> slots = ProbeWith(gpus)->Probe({});
    ASSERT_THAT(slots, SizeIs(1));
    EXPECT_EQ(slots[0].device(), v1::DEVICE_CPU);
  }
  SlotOptions options;
  options.nvml_library = "libthere-is-none.so";
  EXPECT_THAT(MakeSlotProbe(options).value()->Probe({}), SizeIs(1));
}

TEST(Slots, AreAsManyCpuSharesAsAsked) {
  const std::vector<v1::Slot> slots = ProbeWith("81920:3", "3")->Probe({});
  ASSERT_THAT(slots, SizeIs(3));
  EXPECT_EQ(slots[2].device(), v1::DEVICE_CPU);
  EXPECT_TRUE(slots[2].usable());
}

TEST(Slots, RefuseNonsense) {
  for (const char* text : {"0", "-1", "many", "", "100000"}) {
    SlotOptions options;
    options.slots = text;
    EXPECT_EQ(MakeSlotProbe(options).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace simclr::agent
