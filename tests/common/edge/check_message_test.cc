#include "common/edge/check_message.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/edge/bounds.h"
#include "common/edge/field_values.h"
#include "common/edge/message_refusal.h"
#include "common/edge/network_messages.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using ::testing::HasSubstr;

std::unique_ptr<Message> New(const Descriptor& type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// A message with one field of so many items, or with one value.
std::unique_ptr<Message> WithItems(const FieldDescriptor& field, int count) {
  std::unique_ptr<Message> message = New(*field.containing_type());
  const auto& reflection = *message->GetReflection();
  for (int i = 0; i < count; ++i) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        reflection.AddString(message.get(), &field, "a");
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        reflection.AddDouble(message.get(), &field, 1);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.AddInt64(message.get(), &field, 1);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection.AddEnumValue(message.get(), &field, 1);
        break;
      default: {
        Message* const item = reflection.AddMessage(message.get(), &field);
        if (field.is_map()) SetText(*item, *item->GetDescriptor()->map_key(), -1, absl::StrCat("k", i));
      }
    }
  }
  return message;
}

std::unique_ptr<Message> WithText(const FieldDescriptor& field, const std::string& text) {
  if (field.is_map()) {
    std::unique_ptr<Message> message = New(*field.containing_type());
    Message* const entry = message->GetReflection()->AddMessage(message.get(), &field);
    SetText(*entry, *entry->GetDescriptor()->map_key(), -1, text);
    return message;
  }
  std::unique_ptr<Message> message =
      field.is_repeated() ? WithItems(field, 1) : New(*field.containing_type());
  SetText(*message, field, field.is_repeated() ? 0 : -1, text);
  return message;
}

std::unique_ptr<Message> WithNumber(const FieldDescriptor& field, double number) {
  std::unique_ptr<Message> message =
      field.is_repeated() ? WithItems(field, 1) : New(*field.containing_type());
  const int index = field.is_repeated() ? 0 : -1;
  Message* part = message.get();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    part = index < 0 ? part->GetReflection()->MutableMessage(part, &field)
                     : part->GetReflection()->MutableRepeatedMessage(part, &field, 0);
    if (field.is_map())
      SetNumber(*part, *part->GetDescriptor()->map_value(), -1, number);
    else
      static_cast<google::protobuf::Duration*>(part)->set_seconds(static_cast<std::int64_t>(number));
    return message;
  }
  SetNumber(*message, field, index, number);
  return message;
}

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

// What the check says of a message: "" or the reason.
std::string Verdict(const std::unique_ptr<Message>& message) {
  const absl::Status status = CheckMessage(*message);
  return status.ok() ? "" : RefusalReason(status);
}

// Calls `try_bound(field, bound)` with each bound of the network's messages, and returns how many there are.
template <typename Try>
int ForEachBound(Try try_bound) {
  int count = 0;
  for (const Descriptor* type : NetworkMessages()) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      SCOPED_TRACE(field.full_name());
      count += try_bound(field, BoundOf(field)) ? 1 : 0;
    }
  }
  return count;
}

TEST(CheckMessage, TheLastGoodLengthOfEachTextPassesAndTheFirstBadOneDoesNot) {
  const int tried = ForEachBound([](const FieldDescriptor& field, const v1::Bound& bound) {
    if (!bound.has_max_bytes()) return false;
    EXPECT_EQ(Verdict(WithText(field, std::string(bound.max_bytes(), 'a'))), "");
    EXPECT_EQ(Verdict(WithText(field, std::string(bound.max_bytes() + 1, 'a'))), "size");
    return true;
  });
  EXPECT_GT(tried, 60);
}

TEST(CheckMessage, NoTextHoldsControlCharactersOrBrokenUtf8) {
  ForEachBound([](const FieldDescriptor& field, const v1::Bound& bound) {
    if (!bound.has_max_bytes() || field.type() == FieldDescriptor::TYPE_BYTES) return false;
    for (const std::string bad : {"a\x1b[2J", "a\xe9", "a\rb", "\xed\xa0\x80"}) {
      EXPECT_EQ(Verdict(WithText(field, bad)), "text");
    }
    EXPECT_EQ(Verdict(WithText(field, "a\nb")), bound.lines() ? "" : "text");
    EXPECT_EQ(Verdict(WithText(field, "\xc3\xa9")), bound.charset() == v1::Bound::TEXT ? "" : "text");
    return true;
  });
}

TEST(CheckMessage, TheLastGoodNumberOfItemsPassesAndTheFirstBadOneDoesNot) {
  const int tried = ForEachBound([](const FieldDescriptor& field, const v1::Bound& bound) {
    if (!field.is_repeated()) return false;
    EXPECT_EQ(Verdict(WithItems(field, bound.max_items())), "");
    EXPECT_EQ(Verdict(WithItems(field, bound.max_items() + 1)), "items");
    return true;
  });
  EXPECT_GT(tried, 15);
}

TEST(CheckMessage, TheLastGoodNumbersOfEachRangePassAndTheFirstBadOnesDoNot) {
  const int tried = ForEachBound([](const FieldDescriptor& field, const v1::Bound& bound) {
    if (!bound.has_min() || !bound.has_max()) return false;
    // At 1e18 the next double is more than one away.
    const double above = std::max(bound.max() + 1, std::nextafter(bound.max(), 2e18));
    EXPECT_EQ(Verdict(WithNumber(field, bound.min())), "");
    EXPECT_EQ(Verdict(WithNumber(field, bound.max())), "");
    EXPECT_EQ(Verdict(WithNumber(field, bound.min() - 1)), "range");
    EXPECT_EQ(Verdict(WithNumber(field, above)), "range");
    return true;
  });
  EXPECT_GT(tried, 60);
}

TEST(CheckMessage, NamesFieldValueAndLimit) {
  v1::Observed observed;
  observed.add_ranks()->set_job_id("j-1");
  observed.add_ranks()->set_rank(-1);
  EXPECT_EQ(Text(CheckMessage(observed)), "Observed.ranks[1].rank is -1; it must be in [0, 4095]");
  v1::TrainerEnd end;
  (*end.mutable_results())["a\nb"] = 1;
  EXPECT_THAT(Text(CheckMessage(end)),
              HasSubstr("TrainerEnd.results['a\\x0ab'] is 'a\\x0ab'; write letters"));
  v1::SubmitJobRequest submit;
  submit.mutable_spec()->set_name(std::string(64, 'n'));
  EXPECT_EQ(Text(CheckMessage(submit)), "SubmitJobRequest.spec.name has 64 bytes; at most 63 are allowed");
}

TEST(CheckMessage, NumbersAreFiniteButForMeasuredValues) {
  v1::StepMetrics metrics;
  (*metrics.mutable_values())["loss"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(CheckMessage(metrics).ok());
  metrics.set_epoch(std::numeric_limits<double>::infinity());
  EXPECT_EQ(RefusalReason(CheckMessage(metrics)), "range");
  v1::SubmitJobRequest submit;
  submit.mutable_spec()->mutable_optimizer()->set_lr(std::nan(""));
  EXPECT_EQ(Text(CheckMessage(submit)), "SubmitJobRequest.spec.optimizer.lr is nan; it must be finite");
}

TEST(CheckMessage, TimesAreThoseThatTheirTypesHold) {
  v1::ReportExitRequest exit;
  exit.mutable_at()->set_seconds(253402300799);
  EXPECT_TRUE(CheckMessage(exit).ok());
  exit.mutable_at()->set_seconds(253402300800);
  EXPECT_EQ(RefusalReason(CheckMessage(exit)), "range");
  v1::ObservedRank rank;
  rank.mutable_since_report()->set_seconds(1);
  rank.mutable_since_report()->set_nanos(-1);
  EXPECT_EQ(RefusalReason(CheckMessage(rank)), "range");
}

TEST(CheckMessage, AWordThatThisVersionDoesNotKnowIsRefusedUnlessItIsToBeKept) {
  v1::ListJobsRequest list;
  list.add_phases(static_cast<v1::Phase>(77));
  const absl::Status status = CheckMessage(list);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RefusalReason(status), "word");
  EXPECT_THAT(Text(status), HasSubstr("phases[0] is 77, no word of Phase"));
  EXPECT_TRUE(CheckMessage(list, UnknownWords::kKept).ok());
}

TEST(CheckMessage, UnknownFieldsHaveABound) {
  v1::CancelJobRequest cancel;
  google::protobuf::UnknownFieldSet* const unknown = cancel.GetReflection()->MutableUnknownFields(&cancel);
  unknown->AddLengthDelimited(99)->assign(kMaxUnknownBytes - 4, 'u');
  EXPECT_TRUE(CheckMessage(cancel).ok());
  unknown->AddVarint(98, 1);
  EXPECT_EQ(RefusalReason(CheckMessage(cancel)), "size");
}

}  // namespace
}  // namespace simclr
