#include "coordinator/policy/identity.h"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>

namespace simclr::coordinator {

bool operator==(const NameDecision& a, const NameDecision& b) {
  return a.verdict == b.verdict && a.incarnation == b.incarnation;
}

std::ostream& operator<<(std::ostream& out, const NameDecision& decision) {
  static constexpr const char* kWords[] = {"holds", "registers", "replaced", "taken"};
  return out << kWords[static_cast<int>(decision.verdict)] << " " << decision.incarnation;
}

namespace {

constexpr std::uint64_t kHoldersNonce = 11;
constexpr std::uint64_t kOtherNonce = 22;

// The name is held by a process that was given 5.
NameHolder Holder() {
  NameHolder holder;
  holder.incarnation = 5;
  holder.nonce = kHoldersNonce;
  holder.silent = absl::Seconds(1);
  return holder;
}
NameHolder InSession() {
  NameHolder holder = Holder();
  holder.in_session = true;
  return holder;
}
NameHolder Gone() {
  NameHolder holder = Holder();
  holder.gone = true;
  return holder;
}
NameHolder SessionEnded() {
  NameHolder holder = Holder();
  holder.session_ended = true;
  return holder;
}
// No session with it is known, as after a start of the coordinator.
NameHolder SilentFor(absl::Duration silent) {
  NameHolder holder = Holder();
  holder.silent = silent;
  return holder;
}

// It was registered before processes had a nonce.
NameHolder WithoutNonce() {
  NameHolder holder = Holder();
  holder.nonce = 0;
  return holder;
}

struct Case {
  const char* name;
  NameHolder holder;
  NameClaim claim;
  NameDecision expected;
};

class JudgeNameTable : public testing::TestWithParam<Case> {};

TEST_P(JudgeNameTable, DecidesAsWritten) {
  EXPECT_EQ(JudgeName(GetParam().holder, GetParam().claim), GetParam().expected);
}

constexpr NameVerdict kHolds = NameVerdict::kHolds;
constexpr NameVerdict kRegisters = NameVerdict::kRegisters;
constexpr NameVerdict kReplaced = NameVerdict::kReplaced;
constexpr NameVerdict kTaken = NameVerdict::kTaken;
constexpr std::uint64_t kMost = kMostUnknownIncarnations;
constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

const Case kCases[] = {
    {"TheFirstOfANameGetsOne", {}, {0, kOtherNonce}, {kRegisters, 1}},
    {"AClientWithoutNonceIsTheFirstToo", {}, {0, 0}, {kRegisters, 1}},

    {"TheHolderThatAsksAgainGetsItsNumber", Holder(), {0, kHoldersNonce}, {kHolds, 5}},
    {"TheHolderThatAsksAgainInSessionGetsItsNumber", InSession(), {0, kHoldersNonce}, {kHolds, 5}},
    {"TheHolderThatWasLostGetsItsNumber", Gone(), {0, kHoldersNonce}, {kHolds, 5}},
    {"TheHolderOfALongSilenceGetsItsNumber", SilentFor(absl::Hours(1)), {5, kHoldersNonce}, {kHolds, 5}},
    {"TheHolderShowsItsNumber", InSession(), {5, kHoldersNonce}, {kHolds, 5}},
    {"TheHolderThatShowsAnOldNumberOfItsOwnHolds", InSession(), {3, kHoldersNonce}, {kHolds, 5}},

    {"ANewcomerWaitsWhileTheHolderIsInSession", InSession(), {0, kOtherNonce}, {kTaken, 0}},
    {"ANewcomerFollowsAHolderThatIsGone", Gone(), {0, kOtherNonce}, {kRegisters, 6}},
    {"ANewcomerFollowsAHolderWhoseSessionEnded", SessionEnded(), {0, kOtherNonce}, {kRegisters, 6}},
    {"ANewcomerFollowsASilentHolder", SilentFor(absl::Seconds(5)), {0, kOtherNonce}, {kRegisters, 6}},
    {"ANewcomerWaitsRightAfterAStart", SilentFor(absl::ZeroDuration()), {0, kOtherNonce}, {kTaken, 0}},
    {"ANewcomerWaitsUntilTheSilenceIsLongEnough",
     SilentFor(absl::Milliseconds(4999)),
     {0, kOtherNonce},
     {kTaken, 0}},
    {"ANewcomerWithoutNonceIsNotTheHolder", InSession(), {0, 0}, {kTaken, 0}},
    {"TwoWithoutNonceAreNotTheSame", WithoutNonce(), {0, 0}, {kTaken, 0}},

    {"ANumberOneAboveRegistersNext", InSession(), {6, kOtherNonce}, {kRegisters, 7}},
    {"AnUnknownNumberRegistersAboveIt", InSession(), {900, kOtherNonce}, {kRegisters, 901}},
    {"AnUnknownNumberOfTheHoldersNonceRegistersAboveIt",
     InSession(),
     {900, kHoldersNonce},
     {kRegisters, 901}},
    {"ANumberOfAForgottenNameRegistersAboveIt", {}, {7, kOtherNonce}, {kRegisters, 8}},
    {"TheHighestUnknownNumberCounts", Gone(), {5 + kMost, kOtherNonce}, {kRegisters, 5 + kMost + 1}},
    {"AnImpossibleNumberCountsAsTheHighest", Gone(), {6 + kMost, kOtherNonce}, {kRegisters, 5 + kMost + 1}},
    {"ARandomNumberCountsAsTheHighest", Gone(), {kHighest, kOtherNonce}, {kRegisters, 5 + kMost + 1}},
    {"ARandomNumberOfAnUnknownNameCountsAsTheHighest", {}, {kHighest, kOtherNonce}, {kRegisters, kMost + 1}},

    {"ALowerNumberIsReplaced", InSession(), {4, kOtherNonce}, {kReplaced, 0}},
    {"ALowerNumberIsReplacedThoughTheHolderIsGone", Gone(), {4, kOtherNonce}, {kReplaced, 0}},
    {"ALowerNumberIsReplacedThoughTheHolderIsSilent",
     SilentFor(absl::Hours(1)),
     {1, kOtherNonce},
     {kReplaced, 0}},
    {"AnEqualNumberIsReplacedWhileTheHolderIsInSession", InSession(), {5, kOtherNonce}, {kReplaced, 0}},
    {"AnEqualNumberFollowsAHolderThatIsGone", Gone(), {5, kOtherNonce}, {kRegisters, 6}},
    {"AnEqualNumberFollowsAHolderWhoseSessionEnded", SessionEnded(), {5, kOtherNonce}, {kRegisters, 6}},
    {"AnEqualNumberFollowsASilentHolder", SilentFor(absl::Seconds(5)), {5, kOtherNonce}, {kRegisters, 6}},
    {"AnEqualNumberWaitsRightAfterAStart", SilentFor(absl::ZeroDuration()), {5, kOtherNonce}, {kTaken, 0}},
};

INSTANTIATE_TEST_SUITE_P(JudgeName, JudgeNameTable, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(JudgeName, GivesOneNumberHoweverOftenAProcessAsks) {
  NameHolder holder;
  const NameDecision first = JudgeName(holder, {0, kOtherNonce});
  ASSERT_EQ(first.verdict, kRegisters);
  holder.incarnation = first.incarnation;
  holder.nonce = kOtherNonce;
  holder.in_session = true;
  for (const std::uint64_t shown : {std::uint64_t{0}, first.incarnation}) {
    EXPECT_EQ(JudgeName(holder, {shown, kOtherNonce}), (NameDecision{kHolds, first.incarnation}));
  }
}

}  // namespace
}  // namespace simclr::coordinator
