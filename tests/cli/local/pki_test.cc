#include "cli/local/pki.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/time/clock.h"
#include "common/crypto/certificates.h"
#include "tests/support/temporary_directory.h"

namespace simclr::cli {
namespace {

class PkiTest : public ::testing::Test {
 protected:
  std::string Read(const std::string& path) const { return PosixFileSystem().Read(path).value(); }

  TemporaryDirectory directory_;
  const ClusterLayout layout_{directory_.path()};
  const absl::Time now_ = absl::Now();
};

TEST_F(PkiTest, MakesPairsThatFitAndKeepsKeysPrivate) {
  ASSERT_TRUE(EnsurePki(layout_, {"worker-1"}, now_).ok());
  for (const char* name : {"coordinator", "worker-1"}) {
    const TlsFiles tls = layout_.Tls(name);
    EXPECT_TRUE(CheckKeyPair(Read(tls.certificate), Read(tls.key), now_).ok()) << name;
  }
  for (const std::string& secret :
       {layout_.ca_key(), layout_.token(), layout_.tokens(), layout_.Tls("worker-1").key}) {
    struct stat found {};
    ASSERT_EQ(::stat(secret.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u) << secret;
  }
  EXPECT_EQ(Read(layout_.tokens()).find(Read(layout_.token())), std::string::npos);
}

TEST_F(PkiTest, KeepsWhatIsThereAndAddsAWorker) {
  ASSERT_TRUE(EnsurePki(layout_, {"worker-1"}, now_).ok());
  const std::string token = Read(layout_.token());
  const std::string certificate = Read(layout_.Tls("worker-1").certificate);
  ASSERT_TRUE(EnsurePki(layout_, {"worker-1", "worker-2"}, now_).ok());
  EXPECT_EQ(Read(layout_.token()), token);
  EXPECT_EQ(Read(layout_.Tls("worker-1").certificate), certificate);
  EXPECT_TRUE(PosixFileSystem().Exists(layout_.Tls("worker-2").certificate));
}

TEST_F(PkiTest, RenewsACertificateBeforeItEnds) {
  ASSERT_TRUE(EnsurePki(layout_, {"worker-1"}, now_).ok());
  const std::string certificate = Read(layout_.Tls("worker-1").certificate);
  ASSERT_TRUE(EnsurePki(layout_, {"worker-1"}, now_ + absl::Hours(24 * 350)).ok());
  EXPECT_NE(Read(layout_.Tls("worker-1").certificate), certificate);
}

}  // namespace
}  // namespace simclr::cli
