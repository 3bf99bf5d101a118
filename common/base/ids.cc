#include "common/base/ids.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace simclr {
namespace {

// 32 lower-case letters and digits without 0, 1, l and o, which people mistake for each other.
constexpr absl::string_view kSuffixAlphabet = "23456789abcdefghijkmnpqrstuvwxyz";
constexpr std::size_t kTimeDigits = 12;
constexpr std::size_t kSuffixLength = 4;
constexpr std::size_t kNonceDigits = 8;  // that tell the placements of one attempt apart

bool IsLowerHex(char c) {
  return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
}
bool IsLowerAlnum(char c) {
  return absl::ascii_isdigit(c) || absl::ascii_islower(c);
}

}  // namespace

std::string MakeJobId(absl::Time now, std::uint64_t random) {
  std::string id = absl::StrFormat("j-%012x-", static_cast<std::uint64_t>(absl::ToUnixMillis(now)));
  for (std::size_t i = 0; i < kSuffixLength; ++i, random >>= 5) id += kSuffixAlphabet[random & 31];
  return id;
}

bool IsJobId(absl::string_view text) {
  if (text.size() != 2 + kTimeDigits + 1 + kSuffixLength || !absl::StartsWith(text, "j-")) return false;
  const absl::string_view time = text.substr(2, kTimeDigits);
  const absl::string_view suffix = text.substr(2 + kTimeDigits + 1);
  return text[2 + kTimeDigits] == '-' && std::all_of(time.begin(), time.end(), IsLowerHex) &&
         std::all_of(suffix.begin(), suffix.end(), IsLowerAlnum);
}

std::uint64_t RandomBits() {
  std::uint64_t bits = 0;
  if (::getentropy(&bits, sizeof bits) != 0) std::abort();  // for so few bytes no kernel refuses it
  return bits;
}

std::string HexId(std::uint64_t bits) {
  return absl::StrFormat("%016x", bits);
}

std::string AttemptName(int attempt, absl::string_view nonce) {
  return absl::StrCat("a", attempt, nonce.empty() ? "" : "-", nonce.substr(0, kNonceDigits));
}

}  // namespace simclr
