#include "cli/text.h"

#include <gtest/gtest.h>

namespace simclr::cli {
namespace {

TEST(LabelsText, ListsLabelsByNameAndADashWhereThereAreNone) {
  v1::JobSpec spec;
  EXPECT_EQ(LabelsText(spec), "-");
  (*spec.mutable_labels())["team"] = "vision";
  (*spec.mutable_labels())["run"] = "7";
  EXPECT_EQ(LabelsText(spec), "run=7,team=vision");
}

}  // namespace
}  // namespace simclr::cli
