#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The project's only macros besides fault points.

#define SIMCLR_RETURN_IF_ERROR(expression)           \
  do {                                               \
    absl::Status simclr_status_ = (expression);      \
    if (!simclr_status_.ok()) return simclr_status_; \
  } while (false)

#define SIMCLR_MACRO_JOIN_INNER_(a, b) a##b
#define SIMCLR_MACRO_JOIN_(a, b) SIMCLR_MACRO_JOIN_INNER_(a, b)

#define SIMCLR_ASSIGN_OR_RETURN(left, expression) \
  SIMCLR_ASSIGN_OR_RETURN_IMPL_(SIMCLR_MACRO_JOIN_(simclr_status_or_, __LINE__), left, expression)
#define SIMCLR_ASSIGN_OR_RETURN_IMPL_(holder, left, expression) \
  auto holder = (expression);                                   \
  if (!holder.ok()) return holder.status();                     \
  left = std::move(holder).value()
