#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/job/proto_time.h"
#include "coordinator/store/ended_jobs.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/step_metrics.h"

namespace simclr::coordinator {

// What a data directory holds, so that a "restarted" journal can be opened on it again. Not thread-safe.
struct MemoryDisk {
  using RequestKey = std::tuple<std::string, std::string, std::string>;  // principal, method, request id

  std::int64_t term = 0;
  std::vector<v1::Event> events;
  std::int64_t snapshot_revision = 0;
  std::string snapshot;
  std::map<std::string, JobPtr> ended;
  std::map<RequestKey, RequestRecord> requests;
  absl::Status failure;  // of every write, while it is not OK
};

// A Journal without a disk. `disk` outlives it.
class MemoryJournal : public Journal {
 public:
  explicit MemoryJournal(MemoryDisk& disk) : disk_(disk), term_(++disk.term) {}

  const std::string& cluster_id() const override { return cluster_id_; }
  std::int64_t term() const override { return term_; }

  absl::StatusOr<Recovered> Load() override {
    Recovered recovered{disk_.snapshot, {}};
    recovered.events = EventsAfter(disk_.snapshot_revision).value();
    return recovered;
  }

  absl::Status Append(const JournalBatch& batch) override {
    if (!disk_.failure.ok()) return disk_.failure;
    std::int64_t newest = disk_.events.empty() ? 0 : disk_.events.back().revision();
    for (const v1::Event& event : batch.events) {
      if (event.revision() <= newest) return absl::InternalError("revision is taken");
      newest = event.revision();
    }
    if (!batch.requests.empty()) ForgetRequests(batch.requests);
    for (const RequestRecord& request : batch.requests) {
      if (!disk_.requests.emplace(KeyOf(request), request).second)
        return absl::InternalError("request id is taken");
    }
    for (const v1::Event& event : batch.events) disk_.events.push_back(event);
    for (const JobPtr& job : batch.ended) disk_.ended[job->job().id()] = job;
    for (const std::string& id : batch.deleted) disk_.ended.erase(id);
    return absl::OkStatus();
  }

  absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) override {
    if (!disk_.failure.ok()) return disk_.failure;
    disk_.snapshot_revision = revision;
    disk_.snapshot = bytes;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<RequestRecord>> FindRequest(const std::string& principal,
                                                           const std::string& method,
                                                           const std::string& request_id) override {
    const auto found = disk_.requests.find({principal, method, request_id});
    if (found == disk_.requests.end()) return std::nullopt;
    return found->second;
  }

  absl::StatusOr<std::vector<v1::Event>> EventsAfter(std::int64_t revision) override {
    std::vector<v1::Event> events;
    for (const v1::Event& event : disk_.events) {
      if (event.revision() > revision) events.push_back(event);
    }
    return events;
  }

 private:
  static MemoryDisk::RequestKey KeyOf(const RequestRecord& request) {
    return {request.principal, request.method, request.request_id};
  }

  void ForgetRequests(const std::vector<RequestRecord>& added) {
    absl::Duration now = absl::ZeroDuration();
    for (const RequestRecord& request : added) now = std::max(now, request.at);
    std::erase_if(disk_.requests, [now](const auto& kept) { return kept.second.at < now - absl::Hours(24); });
  }

  MemoryDisk& disk_;
  const std::string cluster_id_ = "c-test";
  const std::int64_t term_;
};

// The jobs that journals on `disk` wrote as ended. `disk` outlives it.
class MemoryEndedJobs : public EndedJobs {
 public:
  explicit MemoryEndedJobs(const MemoryDisk& disk) : disk_(disk) {}

  absl::StatusOr<JobPtr> Find(const std::string& id) override {
    const auto found = disk_.ended.find(id);
    return found == disk_.ended.end() ? nullptr : found->second;
  }

  absl::StatusOr<JobPtr> FindNewestNamed(const std::string& name) override {
    JobFilter filter;
    filter.name = name;
    const std::vector<JobPtr> newest = List(filter, {"", 1, true}).value();
    return newest.empty() ? nullptr : newest.front();
  }

  absl::StatusOr<std::vector<JobPtr>> List(const JobFilter& filter, const JobRange& range) override {
    std::vector<JobPtr> all;
    for (const auto& [id, job] : disk_.ended) {
      const bool beyond = range.after.empty() || (range.newest_first ? id < range.after : id > range.after);
      if (beyond && filter.Matches(*job)) all.push_back(job);
    }
    if (range.newest_first) std::reverse(all.begin(), all.end());
    return FirstOf(std::move(all), range.limit);
  }

  absl::StatusOr<std::vector<JobPtr>> EndedAfter(std::int64_t revision, std::int64_t limit) override {
    std::vector<JobPtr> all;
    for (const auto& [id, job] : disk_.ended) {
      if (job->revision() > revision) all.push_back(job);
    }
    std::sort(all.begin(), all.end(),
              [](const JobPtr& a, const JobPtr& b) { return a->revision() < b->revision(); });
    return FirstOf(std::move(all), limit);
  }

  absl::StatusOr<std::vector<std::string>> Expired(const Expiry& expiry, std::int64_t limit) override {
    std::vector<std::string> ids;
    std::vector<std::pair<absl::Duration, std::string>> by_end;
    for (const auto& [id, job] : disk_.ended) {
      const absl::Duration end = FromProto(job->ended_at());
      const v1::JobSpec& spec = job->job().spec();
      if (!spec.has_retention()) by_end.emplace_back(end, id);
      if (spec.has_retention() ? end + FromProto(spec.retention()) <= expiry.now : end < expiry.ended_before)
        ids.push_back(id);
    }
    std::sort(by_end.rbegin(), by_end.rend());
    for (std::size_t i = 0; expiry.newest.has_value() && i < by_end.size(); ++i) {
      if (static_cast<std::int64_t>(i) >= *expiry.newest) ids.push_back(by_end[i].second);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return FirstOf(std::move(ids), limit);
  }

 private:
  template <typename Item>
  static std::vector<Item> FirstOf(std::vector<Item> items, std::int64_t limit) {
    if (static_cast<std::int64_t>(items.size()) > limit) items.resize(static_cast<std::size_t>(limit));
    return items;
  }

  const MemoryDisk& disk_;
};

// Keeps every sample. Not thread-safe.
class MemoryStepMetrics : public StepMetricsStore {
 public:
  absl::Status Append(const std::string& job_id, int attempt, const std::string& nonce,
                      const std::vector<v1::StepMetrics>& samples) override {
    for (const v1::StepMetrics& sample : samples) {
      const auto [it, added] = jobs_[job_id].emplace(std::make_tuple(sample.step(), attempt, nonce), sample);
      if (added) it->second.set_attempt(attempt);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<v1::StepMetrics>> Read(const std::string& job_id,
                                                    std::int64_t since_step) override {
    std::vector<v1::StepMetrics> samples;
    for (const auto& [key, sample] : jobs_[job_id]) {
      if (std::get<0>(key) > since_step) samples.push_back(sample);
    }
    return samples;
  }

  absl::Status Delete(const std::string& job_id) override {
    jobs_.erase(job_id);
    return absl::OkStatus();
  }

 private:
  using Key = std::tuple<std::int64_t, int, std::string>;  // step, attempt, nonce

  std::map<std::string, std::map<Key, v1::StepMetrics>> jobs_;
};

}  // namespace simclr::coordinator
