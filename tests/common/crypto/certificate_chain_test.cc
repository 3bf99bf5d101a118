#include "common/crypto/certificate_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/crypto/certificates.h"

namespace simclr {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1800000000);

KeyPair LeafOf(const KeyPair& ca) {
  return IssueCertificate(ca, {.common_name = "worker-1", .dns_names = {}, .ip_addresses = {}, .uris = {}},
                          kNow)
      .value();
}

TEST(CertificateChain, LeadsToOneOfTheAuthorities) {
  const KeyPair ca = MakeCa("one", kNow).value(), other = MakeCa("two", kNow).value();
  const KeyPair leaf = LeafOf(ca);
  EXPECT_EQ(CheckChain(leaf.certificate, ca.certificate), absl::OkStatus());
  EXPECT_EQ(CheckChain(leaf.certificate, absl::StrCat(other.certificate, ca.certificate)), absl::OkStatus());
  EXPECT_EQ(CheckChain(absl::StrCat(leaf.certificate, ca.certificate), ca.certificate), absl::OkStatus());
}

TEST(CertificateChain, ThatEndsElsewhereIsRefused) {
  const KeyPair ca = MakeCa("one", kNow).value(), same_name = MakeCa("one", kNow).value();
  const absl::Status refused = CheckChain(LeafOf(ca).certificate, same_name.certificate);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("no authority of the CA file"));
  EXPECT_FALSE(CheckChain(absl::StrCat(LeafOf(ca).certificate, ca.certificate), same_name.certificate).ok())
      << "what a file brings along itself is not trusted";
  EXPECT_FALSE(CheckChain("", ca.certificate).ok());
}

}  // namespace
}  // namespace simclr
