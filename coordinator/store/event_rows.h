#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/store/sqlite_db.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// The table of events. Not thread-safe.
class EventRows {
 public:
  static absl::StatusOr<EventRows> Prepare(SqliteDb& db);

  // In an open transaction.
  absl::Status Write(const v1::Event& event);
  absl::Status Write(std::int64_t revision, absl::string_view body);
  // By revision. DATA_LOSS: one of them cannot be read.
  absl::StatusOr<std::vector<v1::Event>> After(std::int64_t revision);
  absl::StatusOr<std::int64_t> LastRevision();  // 0: there is none
  // What ties a snapshot to its history: SHA-256 of the event as it is stored; "-": it is not there.
  absl::StatusOr<std::string> Digest(std::int64_t revision);

  // Forgets a few of the oldest events, those of before `time` and `revision`, in an open transaction.
  // Returns the time of the oldest one that stays because of its age; infinite past: ask again soon, there
  // are more to forget; infinite future: none stays because of its age.
  absl::StatusOr<absl::Time> Forget(absl::Time time, std::int64_t revision);

 private:
  EventRows(SqliteStatement insert, SqliteStatement after, SqliteStatement last, SqliteStatement body,
            SqliteStatement oldest, SqliteStatement forget)
      : insert_(std::move(insert)),
        after_(std::move(after)),
        last_(std::move(last)),
        body_(std::move(body)),
        oldest_(std::move(oldest)),
        forget_(std::move(forget)) {}

  SqliteStatement insert_, after_, last_, body_, oldest_, forget_;
};

}  // namespace simclr::coordinator
