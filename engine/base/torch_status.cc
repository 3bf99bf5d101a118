#include "engine/base/torch_status.h"

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/used_up.h"

namespace simclr::engine {
namespace {

constexpr char kDeviceFailure[] = "simclr/device-failure";

// LibTorch has no exception type of its own for host memory, for CUDA calls outside its allocator, and for
// Gloo's transport, whose messages carry the source path: those are known by their text alone.
bool IsOutOfMemory(absl::string_view message) {
  return absl::StrContains(message, "DefaultCPUAllocator") || absl::StrContains(message, "out of memory");
}

bool IsLostPeer(absl::string_view message) {
  return absl::StrContains(message, "gloo/");
}

// CUDA's errors but those that a program makes of itself, and what its libraries and NCCL call them.
bool IsOfTheDevice(absl::string_view message) {
  constexpr absl::string_view kOfTheProgram[] = {"device-side assert", "invalid argument",
                                                 "invalid configuration", "no kernel image",
                                                 "invalid resource handle"};
  const bool of_the_program = absl::c_any_of(
      kOfTheProgram, [message](absl::string_view text) { return absl::StrContains(message, text); });
  if (absl::StrContains(message, "CUDA error: ")) return !of_the_program;
  constexpr absl::string_view kOfLibraries[] = {"CUBLAS_STATUS_EXECUTION_FAILED",
                                                "CUDNN_STATUS_EXECUTION_FAILED", "unhandled cuda error"};
  return absl::c_any_of(kOfLibraries,
                        [message](absl::string_view text) { return absl::StrContains(message, text); });
}

absl::Status FromMessage(absl::string_view what, absl::string_view message) {
  const std::string text = absl::StrCat(what, ": ", message);
  if (IsOutOfMemory(message)) return absl::ResourceExhaustedError(text);
  if (IsOfTheDevice(message)) {
    absl::Status status = absl::InternalError(text);
    status.SetPayload(kDeviceFailure, absl::Cord());
    return status;
  }
  if (IsLostPeer(message)) return absl::UnavailableError(text);
  return absl::InternalError(text);
}

}  // namespace

bool IsDeviceFailure(const absl::Status& status) {
  return status.GetPayload(kDeviceFailure).has_value();
}

absl::Status CatchTorch(absl::string_view what, const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const c10::OutOfMemoryError& error) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": ", error.what_without_backtrace()));
  } catch (const c10::DistError& error) {
    const absl::Status status = FromMessage(what, error.what_without_backtrace());
    return IsDeviceFailure(status) ? status : absl::UnavailableError(status.message());
  } catch (const c10::Error& error) {
    return FromMessage(what, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of host memory"));
  } catch (const std::system_error& error) {
    const bool of_the_system = error.code().category() == std::generic_category() ||
                               error.code().category() == std::system_category();
    const std::string used_up = of_the_system ? UsedUp(error.code().value()) : "";
    if (used_up.empty()) return FromMessage(what, error.what());
    return absl::AbortedError(absl::StrCat(what, ": ", error.what(), ": ", used_up));
  } catch (const std::exception& error) {
    return FromMessage(what, error.what());
  }
}

}  // namespace simclr::engine
