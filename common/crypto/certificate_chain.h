#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace simclr {

// OK if the first certificate of `certificates` leads to one of `authorities`, over the others of its file
// where they are needed; both PEM. Dates are not looked at: see CheckKeyPair. INVALID_ARGUMENT says why not.
absl::Status CheckChain(absl::string_view certificates, absl::string_view authorities);

}  // namespace simclr
