#include "tests/support/app_test_base.h"

namespace simclr::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using PruneCommand = AppTest;

TEST_F(PruneCommand, DeletesPageByPageUnderOneRequestIdEach) {
  for (const char* name : {"a", "b", "c"}) AddJob(name, v1::PHASE_SUCCEEDED);
  ASSERT_EQ(Run({"prune", "--keep", "10"}), 0) << err();
  EXPECT_EQ(out(), "job " + JobId(1) + " (a) deleted\njob " + JobId(2) + " (b) deleted\njob " + JobId(3) +
                       " (c) deleted\n");
  const auto requests = service_.prunings();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].filter().page_token(), "");
  EXPECT_EQ(requests[2].filter().page_token(), "2");
  const std::string id = requests[0].request_id().substr(0, 16);
  EXPECT_EQ(requests[0].request_id(), id + "-1");
  EXPECT_EQ(requests[2].request_id(), id + "-3");
}

TEST_F(PruneCommand, PassesOnWhichJobsGo) {
  ASSERT_EQ(Run({"prune", "--older-than", "30d", "--keep", "100", "--phase", "failed", "--name-prefix", "x",
                 "--owner", "bob", "--force"}),
            0)
      << err();
  const v1::PruneJobsRequest request = service_.prunings().at(0);
  EXPECT_EQ(request.older_than().seconds(), 30 * 24 * 3600);
  EXPECT_EQ(request.keep(), 100);
  EXPECT_THAT(request.filter().phases(), ElementsAre(v1::PHASE_FAILED));
  EXPECT_EQ(request.filter().name_prefix(), "x");
  EXPECT_EQ(request.filter().owner(), "bob");
  EXPECT_TRUE(request.force());
  EXPECT_FALSE(request.dry_run());
  ASSERT_EQ(Run({"prune", "--keep", "1"}), 0) << err();
  EXPECT_FALSE(service_.prunings().at(1).has_older_than());
}

TEST_F(PruneCommand, ADryRunSaysSo) {
  AddJob("a", v1::PHASE_SUCCEEDED);
  ASSERT_EQ(Run({"prune", "--older-than", "12h", "--dry-run"}), 0) << err();
  EXPECT_TRUE(service_.prunings().at(0).dry_run());
  EXPECT_EQ(out(), "job " + JobId(1) + " (a) deleted (dry run)\n");
  ASSERT_EQ(Run({"prune", "--older-than", "12h", "--dry-run", "-o", "name"}), 0) << err();
  EXPECT_EQ(out(), JobId(1) + "\n");
}

TEST_F(PruneCommand, SaysWhereNothingIsThatOld) {
  ASSERT_EQ(Run({"prune", "--older-than", "30d"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "no job is that old\n");
  ASSERT_EQ(Run({"prune", "--older-than", "30d", "-o", "name"}), 0);
  EXPECT_EQ(err(), "") << "a script wants names alone";
}

TEST_F(PruneCommand, SaysWhatANumberOfJobsIs) {
  for (const char* keep : {"0", "-1", "1.5", "many", "99999999999999999999"}) {
    EXPECT_EQ(Run({"prune", "--keep", keep}), 2);
    EXPECT_THAT(err(), HasSubstr(absl::StrCat("'", keep, "': write a whole number, 1 or more")));
  }
}

TEST_F(PruneCommand, AsksWhichJobsGo) {
  EXPECT_EQ(Run({"prune"}), 2);
  EXPECT_THAT(err(), HasSubstr("which jobs go? write --older-than AGE, --keep NUMBER, or both"));
  EXPECT_EQ(Run({"prune", "--phase", "failed"}), 2) << "a filter alone deletes nothing";
  EXPECT_EQ(Run({"prune", "--older-than", "yesterday"}), 2);
  EXPECT_EQ(Run({"prune", "--keep", "0"}), 2);
  EXPECT_TRUE(service_.prunings().empty());
}

}  // namespace
}  // namespace simclr::cli
