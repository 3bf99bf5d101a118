#include "common/edge/bounds.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/edge/network_messages.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

bool HoldsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING || field.is_map();
}

// What grows with what a peer sends, and nobody said how far.
std::vector<std::string> Unbounded(const std::vector<const Descriptor*>& types) {
  std::vector<std::string> fields;
  for (const Descriptor* type : types) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      const v1::Bound& bound = BoundOf(field);
      const bool bounded =
          (!HoldsText(field) || bound.has_max_bytes()) && (!field.is_repeated() || bound.has_max_items());
      if (!bounded) fields.push_back(absl::StrCat(type->name(), ".", field.name()));
    }
  }
  return fields;
}

const FieldDescriptor& Field(const Descriptor* type, const char* name) {
  return *type->FindFieldByName(name);
}

TEST(Bounds, EveryTextListAndMapOfTheNetworksMessagesHasABound) {
  EXPECT_THAT(Unbounded(NetworkMessages()), IsEmpty()) << "give these fields a [(bound)] in proto/simclr/v1";
}

TEST(Bounds, TheLintSeesAFieldWithoutABound) {
  // The journal's messages never travel and have lists without one.
  EXPECT_THAT(
      Unbounded({v1::StateSnapshot::descriptor()}),
      ElementsAre("StateSnapshot.jobs", "StateSnapshot.workers", "StateSnapshot.stubs", "StateSnapshot.ended",
                  "StateSnapshot.last_job_id", "StateSnapshot.tombstones", "StateSnapshot.condemned"));
}

TEST(Bounds, RequestsTheirPartsAndWhatProgramsAreAnsweredComeFromTheNetwork) {
  const std::vector<const Descriptor*> types = NetworkMessages();
  for (const Descriptor* type :
       {v1::SubmitJobRequest::descriptor(), v1::JobSpec::descriptor(), v1::Observed::descriptor(),
        v1::Slot::descriptor(), v1::Desired::descriptor(), v1::TrainerOrder::descriptor(),
        v1::CommitCheckpointResponse::descriptor()}) {
    EXPECT_THAT(types, Contains(type)) << type->name();
  }
  EXPECT_THAT(types, Not(Contains(v1::ListJobsResponse::descriptor())));
  EXPECT_THAT(types, Not(Contains(v1::Event::descriptor())));
}

TEST(Bounds, AFieldSaysMoreThanItsKind) {
  const v1::Bound& jobs = BoundOf(Field(v1::WatchJobsRequest::descriptor(), "jobs"));
  EXPECT_EQ(jobs.max_bytes(), 63);
  EXPECT_EQ(jobs.max_items(), 1000);
  const v1::Bound& seconds = BoundOf(Field(v1::TrainerTotals::descriptor(), "seconds"));
  EXPECT_EQ(seconds.charset(), v1::Bound::METRIC);
  EXPECT_FALSE(seconds.not_finite());
}

TEST(Bounds, TheMessageOfAnExitIsAsLongAsMessagesAreMade) {
  const v1::Bound& message = BoundOf(Field(v1::ReportExitRequest::descriptor(), "message"));
  EXPECT_EQ(static_cast<std::size_t>(message.max_bytes()), kMaxMessageText);
}

TEST(Bounds, TextThatIsCutFitsItsBound) {
  // Printable needs room for its note.
  for (const Descriptor* type : NetworkMessages()) {
    for (int i = 0; i < type->field_count(); ++i) {
      const v1::Bound& bound = BoundOf(*type->field(i));
      if (bound.charset() != v1::Bound::TEXT || !bound.has_max_bytes()) continue;
      EXPECT_GE(bound.max_bytes(), 40) << type->field(i)->full_name();
    }
  }
}

}  // namespace
}  // namespace simclr
