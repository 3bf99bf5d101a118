#include "common/crypto/sha256.h"

#include <gtest/gtest.h>

#include "common/crypto/token.h"

namespace simclr {
namespace {

TEST(Sha256, KnowsThePublishedVectors) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesGiveTheHashOfTheWhole) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(hash.HexDigest(), Sha256Hex("abc"));
}

TEST(Token, IsLongAndNewEachTime) {
  const std::string token = MakeToken().value();
  EXPECT_EQ(token.size(), 64u);
  EXPECT_NE(token, MakeToken().value());
  EXPECT_EQ(HashToken(token), Sha256Hex(token));
}

TEST(Token, ComparesByContent) {
  EXPECT_TRUE(ConstantTimeEquals("ab", "ab"));
  EXPECT_FALSE(ConstantTimeEquals("ab", "ac"));
  EXPECT_FALSE(ConstantTimeEquals("ab", "abc"));
  EXPECT_TRUE(ConstantTimeEquals("", ""));
}

}  // namespace
}  // namespace simclr
