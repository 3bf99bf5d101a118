#include "coordinator/store/event_rows.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/sha256.h"

namespace simclr::coordinator {
namespace {

constexpr std::int64_t kForgottenAtOnce = 256;

absl::Time TimeOf(const v1::Event& event) {
  return absl::FromUnixNanos(google::protobuf::util::TimeUtil::TimestampToNanoseconds(event.at()));
}

}  // namespace

absl::StatusOr<EventRows> EventRows::Prepare(SqliteDb& db) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert, db.Prepare("INSERT INTO events VALUES (?, ?)"));
  SIMCLR_ASSIGN_OR_RETURN(
      SqliteStatement after,
      db.Prepare("SELECT revision, body FROM events WHERE revision > ? ORDER BY revision"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement last, db.Prepare("SELECT COALESCE(MAX(revision), 0) FROM events"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement body, db.Prepare("SELECT body FROM events WHERE revision = ?"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement oldest,
                          db.Prepare("SELECT revision, body FROM events ORDER BY revision LIMIT ?"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement forget, db.Prepare("DELETE FROM events WHERE revision <= ?"));
  return EventRows(std::move(insert), std::move(after), std::move(last), std::move(body), std::move(oldest),
                   std::move(forget));
}

absl::Status EventRows::Write(const v1::Event& event) {
  return Write(event.revision(), event.SerializeAsString());
}

absl::Status EventRows::Write(std::int64_t revision, absl::string_view body) {
  return insert_.Bind(1, revision).BindBlob(2, body).Run();
}

absl::StatusOr<std::vector<v1::Event>> EventRows::After(std::int64_t revision) {
  std::vector<v1::Event> events;
  SIMCLR_RETURN_IF_ERROR(after_.Bind(1, revision).ForEach([&events](const SqliteStatement& row) {
    if (events.emplace_back().ParseFromString(row.Bytes(1))) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("event ", row.Integer(0), " cannot be read"));
  }));
  return events;
}

absl::StatusOr<std::int64_t> EventRows::LastRevision() {
  std::int64_t last = 0;
  SIMCLR_RETURN_IF_ERROR(last_.ForEach([&last](const SqliteStatement& row) {
    last = row.Integer(0);
    return absl::OkStatus();
  }));
  return last;
}

absl::StatusOr<std::string> EventRows::Digest(std::int64_t revision) {
  std::string digest = "-";
  SIMCLR_RETURN_IF_ERROR(body_.Bind(1, revision).ForEach([&digest](const SqliteStatement& row) {
    digest = Sha256Hex(row.Bytes(0));
    return absl::OkStatus();
  }));
  return digest;
}

absl::StatusOr<absl::Time> EventRows::Forget(absl::Time time, std::int64_t revision) {
  std::int64_t last = 0, seen = 0;
  absl::Time young = absl::InfiniteFuture();
  SIMCLR_RETURN_IF_ERROR(oldest_.Bind(1, kForgottenAtOnce).ForEach([&](const SqliteStatement& row) {
    v1::Event event;
    if (young != absl::InfiniteFuture() || row.Integer(0) >= revision || !event.ParseFromString(row.Bytes(1)))
      return absl::OkStatus();
    if (TimeOf(event) >= time) {
      young = TimeOf(event);
    } else {
      last = row.Integer(0);
      ++seen;
    }
    return absl::OkStatus();
  }));
  if (last > 0) SIMCLR_RETURN_IF_ERROR(forget_.Bind(1, last).Run());
  return seen == kForgottenAtOnce ? absl::InfinitePast() : young;
}

}  // namespace simclr::coordinator
