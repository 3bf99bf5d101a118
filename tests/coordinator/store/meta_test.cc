#include "coordinator/store/meta.h"

#include <gtest/gtest.h>

#include "coordinator/store/schema.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

TEST(Meta, GivesBackWhatWasWritten) {
  TemporaryDirectory temporary;
  SqliteDb db = SqliteDb::Open(temporary / "a.db").value();
  ASSERT_TRUE(MakeSchema(db).ok());
  EXPECT_EQ(ReadMeta(db, "term").value(), "");
  EXPECT_EQ(ReadMetaNumber(db, "term").value(), 0);
  ASSERT_TRUE(WriteMeta(db, "term", "12").ok());
  EXPECT_EQ(ReadMetaNumber(db, "term").value(), 12);
  ASSERT_TRUE(WriteMeta(db, "term", "twelve").ok());
  EXPECT_TRUE(absl::IsDataLoss(ReadMetaNumber(db, "term").status()));
}

TEST(TermAfterRestore, IsBeyondWhatTheLostTimeMayHaveReached) {
  EXPECT_EQ(TermAfterRestore(7, absl::FromUnixSeconds(500)), 1007);
  EXPECT_EQ(TermAfterRestore(7, absl::FromUnixSeconds(1'700'000'000)), 1'700'000'000);
  EXPECT_EQ(TermAfterRestore(1'700'000'001, absl::FromUnixSeconds(1'700'000'000)), 1'700'001'001);
}

}  // namespace
}  // namespace simclr::coordinator
