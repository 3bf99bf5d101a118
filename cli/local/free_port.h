#pragma once

#include <string>

namespace simclr::cli {

// Whether a server could bind HOST:PORT of this machine now. Port 0 always can; false for what is no address.
bool IsFreePort(const std::string& address);

}  // namespace simclr::cli
