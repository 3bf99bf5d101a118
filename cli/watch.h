#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/client.h"

namespace simclr::cli {

bool IsEnded(v1::Phase phase);

// How long a coordinator that was there may stay away before a watching command gives up.
constexpr absl::Duration kOutageLimit = absl::Minutes(2);

// Runs `open`, a stream of `client`, again with a backoff while it ends with UNAVAILABLE: a coordinator that
// restarts is away for seconds. `open` calls `answered` for each item. Gives up with the last error where
// nothing ever answered, after `outage_limit` without an answer, or when `stop` is requested.
absl::Status WithReconnect(const Client& client, const std::stop_token& stop, absl::Duration outage_limit,
                           const std::function<absl::Status(const std::function<void()>& answered)>& open);

// Watches a job until `done`; the job as it then is, or nullopt at `deadline`. Survives restarts of the
// coordinator. NOT_FOUND: it is deleted meanwhile.
absl::StatusOr<std::optional<v1::Job>> WatchUntil(Client& client, const std::string& job, absl::Time deadline,
                                                  const std::function<bool(const v1::Job&)>& done);

}  // namespace simclr::cli
