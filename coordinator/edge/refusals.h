#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr::coordinator {

struct RefusalLimits {
  absl::Duration no_new_work = absl::Seconds(60);  // of nothing but refused ones
  absl::Duration warning = absl::Minutes(1);       // between two warnings about one worker
};

// The workers whose Observed are refused at the door. Such a message is a sign of life but no state: what
// runs there goes on, and only a worker of which nothing else is heard for some time gets no new work, and is
// lost in the end. All times are those of one monotonic clock. Not thread-safe.
class Refusals {
 public:
  explicit Refusals(const RefusalLimits& limits = {}) : limits_(limits) {}

  // An Observed of the worker was refused with this text. True: a warning is due.
  bool OnRefused(absl::string_view worker, absl::string_view text, absl::Duration now);
  // One was taken: all is well again.
  void OnAccepted(absl::string_view worker);

  // The text of the last refusal, while nothing but refused ones came since; for people.
  std::optional<std::string> LastText(absl::string_view worker) const;
  // Since when nothing but refused ones came.
  std::optional<absl::Duration> Since(absl::string_view worker) const;
  bool MayTakeWork(absl::string_view worker, absl::Duration now) const;
  bool IsLost(absl::string_view worker, absl::Duration now, absl::Duration orphan_limit) const;

 private:
  struct Record {
    std::string text;
    absl::Duration since;
    absl::Duration warned;
  };

  const Record* Find(absl::string_view worker) const;
  bool RefusedFor(absl::string_view worker, absl::Duration now, absl::Duration limit) const;

  const RefusalLimits limits_;
  std::map<std::string, Record, std::less<>> refused_;
};

}  // namespace simclr::coordinator
