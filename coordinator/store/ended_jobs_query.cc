#include "coordinator/store/ended_jobs_query.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/store/ended_job_rows.h"

namespace simclr::coordinator {
namespace {

// The index whose first columns the filter fixes best; all of them go on with the id.
const char* IndexFor(const JobFilter& filter) {
  if (!filter.name.empty()) return "ended_jobs_by_name";
  if (!filter.owner.empty()) return "ended_jobs_by_owner";
  if (filter.phases.size() == 1) return "ended_jobs_by_phase";
  return "ended_jobs_by_id";
}

template <typename Enum>
std::string Numbers(const std::vector<Enum>& values) {
  return absl::StrJoin(values, ", ",
                       [](std::string* out, Enum value) { absl::StrAppend(out, static_cast<int>(value)); });
}

// The smallest text that is larger than every text with this beginning; empty: there is none.
std::string After(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

class Conditions {
 public:
  void Add(const std::string& condition) { conditions_.push_back(condition); }
  void Add(const std::string& condition, const std::string& text) {
    conditions_.push_back(condition);
    texts_.push_back(text);
  }

  EndedJobsQuery Query(const JobFilter& filter, const JobRange& range) const {
    const std::string where =
        conditions_.empty() ? "" : absl::StrCat(" WHERE ", absl::StrJoin(conditions_, " AND "));
    return {absl::StrCat("SELECT record FROM ended_jobs INDEXED BY ", IndexFor(filter), where, " ORDER BY id",
                         range.newest_first ? " DESC" : "", " LIMIT ", range.limit),
            texts_};
  }

 private:
  std::vector<std::string> conditions_;
  std::vector<std::string> texts_;
};

void AddName(const JobFilter& filter, Conditions& conditions) {
  if (!filter.name.empty()) conditions.Add("name = ?", filter.name);
  if (filter.name_prefix.empty()) return;
  conditions.Add("name >= ?", filter.name_prefix);
  if (const std::string end = After(filter.name_prefix); !end.empty()) conditions.Add("name < ?", end);
}

}  // namespace

EndedJobsQuery ListQuery(const JobFilter& filter, const JobRange& range) {
  Conditions conditions;
  AddName(filter, conditions);
  if (!filter.owner.empty()) conditions.Add("owner = ?", filter.owner);
  // A plus keeps SQLite from looking for each of several phases, which would end the order by ids.
  if (!filter.phases.empty()) {
    const char* column = filter.phases.size() == 1 ? "phase" : "+phase";
    conditions.Add(absl::StrCat(column, " IN (", Numbers(filter.phases), ")"));
  }
  if (!filter.kinds.empty()) conditions.Add(absl::StrCat("+kind IN (", Numbers(filter.kinds), ")"));
  for (const auto& [key, value] : filter.labels)
    conditions.Add("instr(labels, ?) > 0", LabelLine(key, value));
  if (filter.since != absl::InfinitePast()) {
    conditions.Add(absl::StrCat("submitted_at >= ", absl::ToUnixNanos(filter.since)));
  }
  if (filter.until != absl::InfiniteFuture()) {
    conditions.Add(absl::StrCat("submitted_at < ", absl::ToUnixNanos(filter.until)));
  }
  if (filter.ended_before != absl::InfiniteFuture()) {
    conditions.Add(absl::StrCat("ended_at < ", absl::ToUnixNanos(filter.ended_before)));
  }
  if (!range.after.empty()) conditions.Add(range.newest_first ? "id < ?" : "id > ?", range.after);
  return conditions.Query(filter, range);
}

std::string ExpiredQuery(const Expiry& expiry, std::int64_t limit) {
  const std::string unnamed = absl::StrCat("SELECT id FROM ended_jobs WHERE expires = ", kNeverExpires);
  std::string ids =
      absl::StrCat("SELECT id FROM ended_jobs WHERE expires <= ", absl::ToInt64Nanoseconds(expiry.now));
  if (expiry.ended_before > absl::ZeroDuration()) {
    absl::StrAppend(&ids, " UNION ", unnamed, " AND ended_service < ",
                    absl::ToInt64Nanoseconds(expiry.ended_before));
  }
  if (expiry.newest.has_value()) {
    absl::StrAppend(&ids, " UNION SELECT id FROM (", unnamed,
                    " ORDER BY ended_service DESC, id DESC LIMIT -1 OFFSET ", *expiry.newest, ")");
  }
  return absl::StrCat(ids, " ORDER BY id LIMIT ", limit);
}

}  // namespace simclr::coordinator
