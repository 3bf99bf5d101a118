#include "common/http/http.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(Http, TheLongestPathThatFitsIsTheRoute) {
  const std::vector<HttpRoute> routes = {
      {"/livez", HttpPace::kAtOnce, nullptr}, {"/", HttpPace::kAtOnce, nullptr}, {"/assets/", {}, nullptr}};
  EXPECT_EQ(FindRoute(routes, "/livez"), &routes[0]);
  EXPECT_EQ(FindRoute(routes, "/livez/more"), &routes[1]);
  EXPECT_EQ(FindRoute(routes, "/assets/page.css"), &routes[2]);
  EXPECT_EQ(FindRoute({{"/livez", {}, nullptr}}, "/live"), nullptr);
}

TEST(Http, ATargetIsAPathAndAQuery) {
  const HttpRequest request = ParseTarget("/jobs?owner=ann?bob");
  EXPECT_EQ(request.path, "/jobs");
  EXPECT_EQ(request.query, "owner=ann?bob");
  EXPECT_EQ(ParseTarget("/").path, "/");
  EXPECT_EQ(ParseTarget("http://node-1/livez").path, "");
  EXPECT_EQ(ParseTarget("*").path, "");
}

}  // namespace
}  // namespace simclr
