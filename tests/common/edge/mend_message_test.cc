#include "common/edge/mend_message.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <string>

#include "common/edge/check_message.h"
#include "common/edge/network_messages.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/worker_service.pb.h"
#include "tests/support/message_mutator.h"

namespace simclr {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

// The messages that are written to disk, and the others, whose parts those are.
std::vector<const Descriptor*> Types() {
  std::vector<const Descriptor*> types = NetworkMessages();
  types.push_back(v1::Event::descriptor());
  types.push_back(v1::StateSnapshot::descriptor());
  return types;
}

// NaN is equal to itself here.
bool Same(const Message& a, const Message& b) {
  google::protobuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  return differencer.Compare(a, b);
}

TEST(Mend, WhatIsMendedPassesTheCheckAndMendingItAgainChangesNothing) {
  constexpr std::uint64_t kSeed = 11;
  MessageMutator mutator(kSeed);
  int fine = 0;
  int mended = 0;
  for (int round = 0; round < 200; ++round) {
    for (const Descriptor* type : Types()) {
      const std::unique_ptr<Message> message(MessageFactory::generated_factory()->GetPrototype(type)->New());
      mutator.Fill(*message);
      if (round % 2 == 1) mutator.Mutate(*message);
      SCOPED_TRACE(testing::Message() << type->name() << ", seed " << kSeed << ", round " << round);
      const bool passed = CheckMessage(*message, UnknownWords::kKept).ok();
      const std::unique_ptr<Message> before(message->New());
      before->CopyFrom(*message);
      Mend(*message);
      ASSERT_EQ(CheckMessage(*message, UnknownWords::kKept), absl::OkStatus());
      ASSERT_TRUE(!passed || Same(*message, *before)) << "changed by Mend:\n" << before->DebugString();
      const std::unique_ptr<Message> once(message->New());
      once->CopyFrom(*message);
      Mend(*message);
      ASSERT_TRUE(Same(*message, *once)) << once->DebugString();
      ++(passed ? fine : mended);
    }
  }
  EXPECT_GT(fine, 1000);  // of both kinds there are enough to mean something
  EXPECT_GT(mended, 1000);
}

TEST(Mend, TextIsEscapedAndCut) {
  v1::Event event;
  v1::ExitRecord& exit = *event.mutable_rank_exited()->mutable_exit();
  exit.set_message("caf\xe9.png\nline");
  event.mutable_rank_exited()->set_job_id("j-1");
  Mend(event);
  EXPECT_EQ(exit.message(), "caf\\xe9.png\nline");
  exit.set_message(std::string(1 << 20, 'x'));
  Mend(event);
  EXPECT_LE(exit.message().size(), 4096U);
  EXPECT_THAT(exit.message(), testing::HasSubstr("bytes more)"));
}

TEST(Mend, NamesStayEqualWhereTheyWereEqual) {
  v1::PushMetricsRequest push;
  push.set_worker("node 7");
  push.set_job_id("-job");
  (*push.add_samples()->mutable_values())["pretrain/loss %"] = 1;
  Mend(push);
  EXPECT_EQ(push.worker(), "node_7");
  EXPECT_EQ(push.job_id(), "xjob");
  EXPECT_EQ(push.samples(0).values().begin()->first, "pretrain/loss__");
}

TEST(Mend, WordsOfANewerVersionAreKept) {
  v1::ReportExitRequest exit;
  exit.set_failure(static_cast<v1::FailureClass>(77));
  Mend(exit);
  EXPECT_EQ(exit.failure(), 77);
}

TEST(Mend, SurplusEntriesOfAMapAreDroppedInTheOrderOfTheirKeys) {
  v1::ReportExitRequest exit;
  for (int i = 1000; i < 1300; ++i) (*exit.mutable_results())[std::to_string(i)] = i;
  Mend(exit);
  EXPECT_EQ(exit.results().size(), 256U);
  EXPECT_TRUE(exit.results().contains("1255"));
  EXPECT_FALSE(exit.results().contains("1256"));
}

}  // namespace
}  // namespace simclr
