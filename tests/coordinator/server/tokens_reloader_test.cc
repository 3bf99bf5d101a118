#include "coordinator/server/tokens_reloader.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/crypto/token.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

std::string Line(const std::string& name, const std::string& token) {
  return absl::StrCat(name, " operator ", HashToken(token), "\n");
}

class TokensReloaderTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { ASSERT_TRUE(PosixFileSystem().Write(path_, text).ok()); }
  // Whose token it is; empty: nobody's.
  std::string Owner(const std::string& token) const {
    Peer peer;
    peer.token = token;
    const auto caller = authorizer_.Authorize("simclr.v1.JobService/GetJob", peer);
    return caller.ok() ? caller->name : "";
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_ / "tokens";
  const std::string first_ = Line("ann", "a");
  // On a port without TLS, where no token at all would mean that everybody may do everything.
  Authorizer authorizer_ = Authorizer::Create(first_, /*tls=*/false).value();
  TokensReloader reloader_{path_, first_, authorizer_};
};

TEST_F(TokensReloaderTest, AChangedFileIsInForceFromThenOn) {
  Write(absl::StrCat(Line("bob", "b"), Line("carl", "c")));
  EXPECT_EQ(Owner("b"), "");
  reloader_.Look();
  EXPECT_EQ(Owner("b"), "bob");
  EXPECT_EQ(Owner("c"), "carl");
  EXPECT_EQ(Owner("a"), "") << "a line removed is a person shut out";
}

TEST_F(TokensReloaderTest, ABrokenEmptyOrMissingFileKeepsTheOldOne) {
  reloader_.Look();
  EXPECT_EQ(Owner("a"), "ann") << "there is no file";
  for (const std::string broken : {"bob operator", "", "# nobody\n"}) {
    Write(broken);
    reloader_.Look();
    EXPECT_EQ(Owner("a"), "ann") << broken;
    EXPECT_EQ(Owner(""), "") << broken;
    EXPECT_TRUE(reloader_.refused());
  }
}

}  // namespace
}  // namespace simclr::coordinator
