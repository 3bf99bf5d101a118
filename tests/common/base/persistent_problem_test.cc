#include "common/base/persistent_problem.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(PersistentProblem, IsSaidOnceWhenItStays) {
  PersistentProblem problem;
  EXPECT_FALSE(problem.ShouldSay("a"));
  EXPECT_TRUE(problem.ShouldSay("a"));
  EXPECT_FALSE(problem.ShouldSay("a"));
  EXPECT_FALSE(problem.ShouldSay("b")) << "another one may pass";
  EXPECT_TRUE(problem.ShouldSay("b"));
  EXPECT_FALSE(problem.ShouldSay(""));
  EXPECT_FALSE(problem.ShouldSay("")) << "none is not worth a word";
  EXPECT_FALSE(problem.ShouldSay("b"));
  EXPECT_TRUE(problem.ShouldSay("b")) << "it came back";
}

}  // namespace
}  // namespace simclr
