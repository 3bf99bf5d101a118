#include "common/edge/forget_unknown.h"

#include <gtest/gtest.h>

#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr {
namespace {

TEST(ForgetUnknown, WordsOfANewerPeerReadAsUnspecifiedAtAnyDepth) {
  v1::Observed observed;
  observed.add_ranks()->set_activity(v1::ACTIVITY_EVAL);
  observed.add_ranks()->set_activity(static_cast<v1::Activity>(99));
  ForgetUnknown(observed);
  EXPECT_EQ(observed.ranks(0).activity(), v1::ACTIVITY_EVAL);
  EXPECT_EQ(observed.ranks(1).activity(), v1::ACTIVITY_UNSPECIFIED);
  v1::ListJobsRequest list;
  list.add_phases(v1::PHASE_FAILED);
  list.add_phases(static_cast<v1::Phase>(99));
  ForgetUnknown(list);
  EXPECT_EQ(list.phases(0), v1::PHASE_FAILED);
  EXPECT_EQ(list.phases(1), v1::PHASE_UNSPECIFIED);
}

TEST(ForgetUnknown, FieldsOfANewerPeerAreLeftOut) {
  v1::Observed observed;
  v1::Slot& slot = *observed.add_slots();
  slot.GetReflection()->MutableUnknownFields(&slot)->AddVarint(99, 1);
  observed.GetReflection()->MutableUnknownFields(&observed)->AddVarint(99, 1);
  ForgetUnknown(observed);
  v1::Observed plain;
  plain.add_slots();
  EXPECT_EQ(observed.SerializeAsString(), plain.SerializeAsString());
}

}  // namespace
}  // namespace simclr
