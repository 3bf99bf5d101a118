#include "common/job/text_tree.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TextTree Example() {
  return TextTree::Object({{"grpc", TextTree::String("127.0.0.1:1")},
                           {"pids", TextTree::List({TextTree::Integer(5), TextTree::Null()})},
                           {"none", TextTree::List({})},
                           {"a \"b\"\n", TextTree::Object({{"c", TextTree::Bool(true)}})}});
}

TEST(TextTree, IsJsonForPeople) {
  EXPECT_EQ(WriteJson(Example()), R"({
  "grpc": "127.0.0.1:1",
  "pids": [
    5,
    null
  ],
  "none": [],
  "a \"b\"\n": {
    "c": true
  }
}
)");
}

TEST(TextTree, IsJsonOnOneLineForScripts) {
  EXPECT_EQ(WriteJsonLine(Example()),
            R"({"grpc": "127.0.0.1:1", "pids": [5, null], "none": [], "a \"b\"\n": {"c": true}})"
            "\n");
}

}  // namespace
}  // namespace simclr
