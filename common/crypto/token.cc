#include "common/crypto/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "common/crypto/sha256.h"

namespace simclr {

absl::StatusOr<std::string> MakeToken() {
  unsigned char random[32];
  if (RAND_bytes(random, sizeof random) != 1) {
    return absl::InternalError("the system gave no random bytes for a token; check /dev/urandom");
  }
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(random), sizeof random));
}

std::string HashToken(absl::string_view token) {
  return Sha256Hex(token);
}

bool ConstantTimeEquals(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace simclr
