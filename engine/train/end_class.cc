#include "engine/train/end_class.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/torch_status.h"

namespace simclr::engine {
namespace {

constexpr char kPayload[] = "simclr/end-class";

}  // namespace

absl::Status WithEndClass(EndClass end, absl::Status status) {
  if (!status.ok() && !status.GetPayload(kPayload)) {
    status.SetPayload(kPayload, absl::Cord(absl::StrCat(static_cast<int>(end))));
  }
  return status;
}

absl::Status StorageStatus(absl::Status status) {
  if (!absl::IsResourceExhausted(status)) return status;
  return WithEndClass(EndClass::kStorageFull, std::move(status));
}

absl::Status DataStatus(absl::Status status) {
  if (absl::IsResourceExhausted(status) || absl::IsAborted(status)) return status;
  return WithEndClass(EndClass::kDataError, std::move(status));
}

absl::Status Failure(EndClass end, absl::string_view message) {
  return WithEndClass(end, absl::InternalError(message));
}

EndClass EndClassOf(const absl::Status& status) {
  if (status.ok()) return EndClass::kSuccess;
  if (const auto payload = status.GetPayload(kPayload)) {
    int value = 0;
    if (absl::SimpleAtoi(std::string(*payload), &value)) return static_cast<EndClass>(value);
  }
  if (IsDeviceFailure(status)) return EndClass::kHardware;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return EndClass::kPeerLost;
    case absl::StatusCode::kResourceExhausted:
      return EndClass::kOutOfMemory;
    case absl::StatusCode::kAborted:
      return EndClass::kResource;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      return EndClass::kConfigError;
    default:
      return EndClass::kCrash;
  }
}

}  // namespace simclr::engine
