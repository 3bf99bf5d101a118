#include "tests/support/app_test_base.h"

namespace simclr::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeleteCommand : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    AddJob("a", v1::PHASE_FAILED);
    AddJob("b", v1::PHASE_SUCCEEDED);
  }
  v1::DeleteJobsRequest request() const {
    const auto deletions = service_.deletions();
    EXPECT_EQ(deletions.size(), 1u);
    return deletions.empty() ? v1::DeleteJobsRequest() : deletions[0];
  }
};

TEST_F(DeleteCommand, DeletesAllThatItNamesByOneRequestOfIds) {
  ASSERT_EQ(Run({"delete", "a", JobId(2)}), 0) << err();
  EXPECT_THAT(request().jobs(), ElementsAre(JobId(1), JobId(2)));
  EXPECT_FALSE(request().force());
  EXPECT_EQ(request().request_id().size(), 16u) << "it has one, though nobody chose it";
  EXPECT_EQ(out(), "job " + JobId(1) + " (a) deleted\njob " + JobId(2) + " (b) deleted\n");
}

TEST_F(DeleteCommand, PassesOnWhatItIsTold) {
  ASSERT_EQ(Run({"delete", "b", "--force", "--request-id", "r", "-o", "name"}), 0) << err();
  EXPECT_TRUE(request().force());
  EXPECT_EQ(request().request_id(), "r");
  EXPECT_EQ(out(), JobId(2) + "\n");
}

TEST_F(DeleteCommand, DeletesNothingWhereOneNameIsNotThere) {
  EXPECT_EQ(Run({"delete", "a", "nobody"}), 3);
  EXPECT_THAT(err(), HasSubstr("no job 'nobody'"));
  EXPECT_TRUE(service_.deletions().empty());
}

TEST_F(DeleteCommand, AsksWhichJobs) {
  EXPECT_EQ(Run({"delete"}), 2);
  EXPECT_EQ(Run({"delete", "a", "-o", "json"}), 2);
  EXPECT_TRUE(service_.deletions().empty());
}

}  // namespace
}  // namespace simclr::cli
