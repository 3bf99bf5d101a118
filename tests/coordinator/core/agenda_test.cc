#include "coordinator/core/agenda.h"

#include <gtest/gtest.h>

#include <vector>

namespace simclr::coordinator {
namespace {

std::vector<std::string> TakeJobs(Agenda& agenda) {
  std::vector<std::string> ids;
  while (const auto id = agenda.NextJob()) ids.push_back(*id);
  return ids;
}

std::vector<std::string> TakeWorkers(Agenda& agenda) {
  std::vector<std::string> names;
  while (const auto name = agenda.NextWorker()) names.push_back(*name);
  return names;
}

using Strings = std::vector<std::string>;

TEST(Agenda, IsEmptyAtFirst) {
  Agenda agenda;
  agenda.Gather(absl::Hours(1));
  EXPECT_FALSE(agenda.HasNext());
  EXPECT_EQ(agenda.NextDue(), std::nullopt);
  EXPECT_EQ(agenda.NextJob(), std::nullopt);
  EXPECT_EQ(agenda.NextWorker(), std::nullopt);
}

TEST(Agenda, NamesOnceWhatWasAddedOften) {
  Agenda agenda;
  for (const char* id : {"j-2", "j-1", "j-2"}) agenda.AddJob(id);
  EXPECT_TRUE(agenda.HasNext());
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-1", "j-2"}));
  EXPECT_FALSE(agenda.HasNext());
  agenda.AddJob("j-2");
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-2"})) << "what was taken may come again";
}

TEST(Agenda, TellsJobsFromWorkersOfTheSameName) {
  Agenda agenda;
  agenda.AddJob("a");
  agenda.AddWorker("a");
  EXPECT_EQ(TakeWorkers(agenda), Strings({"a"}));
  EXPECT_TRUE(agenda.HasNext());
  EXPECT_EQ(TakeJobs(agenda), Strings({"a"}));

  agenda.AddJob("b");
  EXPECT_EQ(agenda.NextWorker(), std::nullopt);
  agenda.AddJobAt("b", absl::Seconds(9));
  agenda.AddWorkerAt("b", absl::Seconds(5));
  EXPECT_EQ(agenda.NextDue(), absl::Seconds(5)) << "each has a time of its own";
}

TEST(Agenda, GathersWhatIsDueAndNothingEarlier) {
  Agenda agenda;
  agenda.AddJobAt("j-1", absl::Seconds(10));
  agenda.AddWorkerAt("w-1", absl::Seconds(10));
  agenda.AddJobAt("j-2", absl::Seconds(20));
  EXPECT_FALSE(agenda.HasNext()) << "nothing is looked at before its time";
  agenda.Gather(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_FALSE(agenda.HasNext());
  agenda.Gather(absl::Seconds(10));
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-1"}));
  EXPECT_EQ(TakeWorkers(agenda), Strings({"w-1"}));
  EXPECT_EQ(agenda.NextDue(), absl::Seconds(20));
  agenda.Gather(absl::Hours(1));
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-2"}));
  EXPECT_EQ(agenda.NextDue(), std::nullopt) << "a time passes once";
}

TEST(Agenda, KeepsTheLastTimeThatWasNoted) {
  Agenda agenda;
  agenda.AddJobAt("j-1", absl::Seconds(10));
  agenda.AddJobAt("j-1", absl::Seconds(30));
  EXPECT_EQ(agenda.NextDue(), absl::Seconds(30)) << "later";
  agenda.Gather(absl::Seconds(10));
  EXPECT_FALSE(agenda.HasNext());
  agenda.AddJobAt("j-1", absl::Seconds(20));
  EXPECT_EQ(agenda.NextDue(), absl::Seconds(20)) << "earlier";
  agenda.Gather(absl::Seconds(20));
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-1"}));
  agenda.Gather(absl::Seconds(30));
  EXPECT_FALSE(agenda.HasNext());
}

TEST(Agenda, LooksAtOnceAtWhatChangedAndAgainWhenItIsDue) {
  Agenda agenda;
  agenda.AddJobAt("j-1", absl::Seconds(10));
  agenda.AddJob("j-1");
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-1"}));
  agenda.Gather(absl::Seconds(10));
  EXPECT_EQ(TakeJobs(agenda), Strings({"j-1"}));
}

}  // namespace
}  // namespace simclr::coordinator
