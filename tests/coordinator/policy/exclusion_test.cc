#include "coordinator/policy/exclusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "common/job/proto_time.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kNow = absl::Hours(100);

v1::SlotRef Slot(const std::string& worker, int slot, const std::string& uuid = "") {
  v1::SlotRef ref;
  ref.set_worker(worker);
  ref.set_slot(slot);
  ref.set_uuid(uuid);
  return ref;
}

v1::JobRecord JobThatAvoids(const v1::SlotRef& slot, v1::FailureClass failure) {
  v1::JobRecord record;
  *record.add_avoided()->mutable_slot() = slot;
  record.mutable_avoided(0)->set_failure(failure);
  return record;
}

void AddFailure(const std::string& job, absl::Duration ago, v1::SlotHealth& health) {
  v1::SlotFailure& failure = *health.add_failures();
  failure.set_job_id(job);
  failure.set_failure(v1::FAILURE_CLASS_HARDWARE);
  *failure.mutable_at() = ToProto(kNow - ago);
}

v1::SlotHealth TwoFailures() {
  v1::SlotHealth health;
  AddFailure("j-1", absl::Minutes(50), health);
  AddFailure("j-2", absl::Minutes(1), health);
  return health;
}

TEST(Blame, IsTheSlotsAtTheFirstFailureOfAJob) {
  const v1::SlotRef slot = Slot("w", 0);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HARDWARE, &slot, {}), Blame::kSlot);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HANG, &slot, {}), Blame::kSlot);
}

TEST(Blame, IsNobodysWithoutACulpritOrOfAnotherKind) {
  const v1::SlotRef slot = Slot("w", 0);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HANG, nullptr, {}), Blame::kNobody);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_CRASH, &slot, {}), Blame::kNobody);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_BUILD_DIFFERS, &slot, {}), Blame::kNobody);
}

TEST(Blame, IsTheJobsFromItsSecondSlotOn) {
  const v1::JobRecord job = JobThatAvoids(Slot("w", 0), v1::FAILURE_CLASS_HARDWARE);
  const v1::SlotRef same = Slot("w", 0), other = Slot("w", 1);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HARDWARE, &same, job), Blame::kSlot);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HARDWARE, &other, job), Blame::kJob);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HANG, &other, job), Blame::kSlot) << "that is another kind of failure";
}

TEST(Blame, FollowsAGpuToAnotherIndex) {
  const v1::JobRecord job = JobThatAvoids(Slot("w", 0, "GPU-a"), v1::FAILURE_CLASS_HARDWARE);
  const v1::SlotRef moved = Slot("w", 1, "GPU-a"), next = Slot("w", 0, "GPU-b");
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HARDWARE, &moved, job), Blame::kSlot);
  EXPECT_EQ(BlameFor(v1::FAILURE_CLASS_HARDWARE, &next, job), Blame::kJob);
}

TEST(Exclusion, NeedsTwoJobsWithinAnHour) {
  v1::SlotHealth health;
  AddFailure("j-1", absl::Minutes(61), health);
  AddFailure("j-2", absl::Minutes(1), health);
  EXPECT_FALSE(DecideExclusion({}, health, kNow).has_value());
  AddFailure("j-3", absl::ZeroDuration(), health);
  const auto exclusion = DecideExclusion({}, health, kNow);
  ASSERT_TRUE(exclusion.has_value());
  EXPECT_EQ(exclusion->span, absl::Minutes(30));
  EXPECT_THAT(exclusion->reason, HasSubstr("j-2 (hardware), j-3 (hardware)"));
}

TEST(Exclusion, NeedsTwoDifferentJobs) {
  v1::SlotHealth health;
  AddFailure("j-1", absl::Minutes(20), health);
  AddFailure("j-1", absl::Minutes(1), health);
  EXPECT_FALSE(DecideExclusion({}, health, kNow).has_value());
}

TEST(Exclusion, IsNotMadeTwice) {
  v1::SlotHealth health = TwoFailures();
  *health.mutable_excluded_until() = ToProto(kNow + absl::Minutes(1));
  EXPECT_FALSE(DecideExclusion({}, health, kNow).has_value());
}

TEST(Exclusion, DoublesUpToADayAndBeginsAnewAfterASoundOne) {
  v1::SlotHealth health = TwoFailures();
  *health.mutable_excluded_until() = ToProto(kNow - absl::Hours(1));
  *health.mutable_span() = ToProto(absl::Minutes(30));
  EXPECT_EQ(DecideExclusion({}, health, kNow)->span, absl::Hours(1));
  *health.mutable_span() = ToProto(absl::Hours(16));
  EXPECT_EQ(DecideExclusion({}, health, kNow)->span, absl::Hours(24));
  *health.mutable_excluded_until() = ToProto(kNow - absl::Hours(24));
  EXPECT_EQ(DecideExclusion({}, health, kNow)->span, absl::Minutes(30));
}

std::vector<ExclusionWish> Wishes(int count) {
  std::vector<ExclusionWish> wishes;
  for (int i = 0; i < count; ++i) {
    wishes.push_back({{"w", i}, v1::DEVICE_CPU, absl::UnixEpoch() + absl::Hours(i)});
  }
  return wishes;
}

TEST(ChooseExcluded, TakesATenthThoseThatLastLongestFirst) {
  EXPECT_THAT(ChooseExcluded(Wishes(5), {{v1::DEVICE_CPU, {29, 29}}}),
              ElementsAre(SlotKey("w", 3), SlotKey("w", 4)));
  EXPECT_THAT(ChooseExcluded(Wishes(5), {{v1::DEVICE_CPU, {2, 2}}}), ElementsAre(SlotKey("w", 4)));
}

TEST(ChooseExcluded, LeavesTheLastSoundSlot) {
  EXPECT_THAT(ChooseExcluded(Wishes(1), {{v1::DEVICE_CPU, {1, 1}}}), IsEmpty());
  EXPECT_THAT(ChooseExcluded(Wishes(1), {{v1::DEVICE_CPU, {30, 1}}}), IsEmpty());
}

TEST(ChooseExcluded, NeverTakesMoreThanATenthNorTheLastSoundOne) {
  for (int seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    const auto below = [&random](int n) {
      return static_cast<int>(random() % static_cast<std::uint32_t>(n));
    };
    std::map<v1::Device, DeviceSlots> slots;
    std::vector<ExclusionWish> wishes;
    for (const v1::Device device : {v1::DEVICE_CPU, v1::DEVICE_CUDA}) {
      slots[device].present = below(60);
      for (int i = 0; i < slots[device].present; ++i) {
        if (below(3) == 0) continue;
        ++slots[device].sound;
        if (below(4) > 0) continue;
        wishes.push_back(
            {{absl::StrCat(device, "-", i / 4), i % 4}, device, absl::UnixEpoch() + absl::Hours(below(5))});
      }
    }
    const std::set<SlotKey> chosen = ChooseExcluded(wishes, slots);
    for (const auto& [device, count] : slots) {
      int excluded = 0;
      for (const ExclusionWish& wish : wishes)
        excluded += wish.device == device && chosen.count(wish.slot) > 0 ? 1 : 0;
      EXPECT_LE(excluded, std::max(1, count.present / 10));
      EXPECT_TRUE(excluded == 0 || excluded < count.sound);
    }
  }
}

}  // namespace
}  // namespace simclr::coordinator
