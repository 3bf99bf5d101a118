#include "common/crypto/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);

KeyPair Leaf() {
  const KeyPair ca = MakeCa("test ca", kNow).value();
  const CertificateRequest request{.common_name = "worker-1",
                                   .dns_names = {"localhost"},
                                   .ip_addresses = {"127.0.0.1", "::1"},
                                   .uris = {"simclr://worker/worker-1"}};
  return IssueCertificate(ca, request, kNow).value();
}

TEST(Certificates, AnIssuedPairBelongsTogether) {
  const KeyPair leaf = Leaf();
  EXPECT_EQ(CheckKeyPair(leaf.certificate, leaf.key, kNow), absl::OkStatus());
  EXPECT_EQ(CheckCertificates(leaf.certificate), absl::OkStatus());
}

TEST(Certificates, AForeignKeyAndWrongTimesAreNamed) {
  const KeyPair leaf = Leaf();
  EXPECT_THAT(std::string(CheckKeyPair(leaf.certificate, Leaf().key, kNow).message()),
              HasSubstr("does not belong"));
  EXPECT_THAT(std::string(CheckKeyPair(leaf.certificate, leaf.key, kNow + absl::Hours(24 * 366)).message()),
              HasSubstr("expired"));
  EXPECT_THAT(std::string(CheckKeyPair(leaf.certificate, leaf.key, kNow - absl::Hours(2)).message()),
              HasSubstr("not valid yet"));
}

TEST(Certificates, DamagedTextIsRefused) {
  const KeyPair leaf = Leaf();
  EXPECT_FALSE(CheckKeyPair("", leaf.key, kNow).ok());
  EXPECT_FALSE(CheckKeyPair(leaf.certificate, leaf.certificate, kNow).ok());
  EXPECT_FALSE(CheckCertificates("").ok());
  EXPECT_FALSE(CheckCertificates(absl::StrCat(leaf.certificate, leaf.certificate.substr(0, 200))).ok());
  EXPECT_EQ(CheckCertificates(absl::StrCat(leaf.certificate, leaf.certificate)), absl::OkStatus());
}

TEST(Certificates, TheFirstToExpireOfABundleCounts) {
  const std::string ca = MakeCa("test ca", kNow).value().certificate;
  const absl::Time leaf_expiry = kNow + absl::Hours(24 * 365);
  EXPECT_EQ(EarliestExpiry(absl::StrCat(ca, Leaf().certificate)).value(), leaf_expiry);
  EXPECT_GT(EarliestExpiry(ca).value(), leaf_expiry);
  EXPECT_EQ(EarliestExpiry("").status().code(), absl::StatusCode::kInvalidArgument);
}

absl::Status IssueFor(const std::string& common_name, const std::string& ip_address) {
  const KeyPair ca = MakeCa("test ca", kNow).value();
  CertificateRequest request;
  request.common_name = common_name;
  if (!ip_address.empty()) request.ip_addresses = {ip_address};
  return IssueCertificate(ca, request, kNow).status();
}

TEST(Certificates, BadNamesAndABadCaAreRefused) {
  EXPECT_EQ(IssueFor("a", "10.1.1.1"), absl::OkStatus());
  EXPECT_THAT(std::string(IssueFor("a", "300.1.1.1").message()), HasSubstr("300.1.1.1"));
  EXPECT_THAT(std::string(IssueFor(std::string(65, 'a'), "").message()), HasSubstr("common name"));
  EXPECT_FALSE(IssueCertificate({.certificate = "x", .key = "y"}, CertificateRequest(), kNow).ok());
}

}  // namespace
}  // namespace simclr
