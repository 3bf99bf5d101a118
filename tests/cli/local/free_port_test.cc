#include "cli/local/free_port.h"

#include <gtest/gtest.h>

#include "tests/support/listener.h"

namespace simclr::cli {
namespace {

TEST(FreePort, IsOneThatNobodyListensAt) {
  std::string taken;
  {
    const Listener listener("127.0.0.1:0");
    taken = listener.address();
    EXPECT_FALSE(IsFreePort(taken));
  }
  EXPECT_TRUE(IsFreePort(taken));
  EXPECT_TRUE(IsFreePort("127.0.0.1:0"));
  EXPECT_FALSE(IsFreePort("nonsense"));
}

}  // namespace
}  // namespace simclr::cli
