#pragma once

#include <functional>
#include <string>
#include <utility>

namespace simclr::coordinator {

// Who asks for a change.
struct Caller {
  Caller(const char* caller) : name(caller) {}                         // NOLINT(*-explicit-*)
  Caller(std::string caller, std::function<bool()> is_gone = nullptr)  // NOLINT(*-explicit-*)
      : name(std::move(caller)), gone(std::move(is_gone)) {}

  std::string name;
  std::function<bool()> gone;  // whether he waits no more; may be empty
};

}  // namespace simclr::coordinator
