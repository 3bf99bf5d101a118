#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/journal.h"
#include "coordinator/store/step_metrics.h"

namespace simclr::coordinator {

// What a data directory holds, so that a "restarted" journal can be opened on it again.
struct MemoryDisk {
  std::int64_t term = 0;
  std::vector<v1::Event> events;
  std::int64_t snapshot_revision = 0;
  std::string snapshot;
  std::map<std::pair<std::string, std::string>, Submission> submissions;
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

  absl::Status Append(const std::vector<v1::Event>& events, const Submission* submission) override {
    if (!disk_.failure.ok()) return disk_.failure;
    for (const v1::Event& event : events) {
      const std::int64_t last = disk_.events.empty() ? 0 : disk_.events.back().revision();
      if (event.revision() <= last) return absl::InternalError("revision is taken");
    }
    if (submission != nullptr) {
      const auto key = std::make_pair(submission->owner, submission->request_id);
      if (!disk_.submissions.emplace(key, *submission).second)
        return absl::InternalError("request id is taken");
    }
    disk_.events.insert(disk_.events.end(), events.begin(), events.end());
    return absl::OkStatus();
  }

  absl::Status WriteSnapshot(std::int64_t revision, const std::string& bytes) override {
    if (!disk_.failure.ok()) return disk_.failure;
    disk_.snapshot_revision = revision;
    disk_.snapshot = bytes;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Submission>> FindSubmission(const std::string& owner,
                                                           const std::string& request_id) override {
    const auto found = disk_.submissions.find({owner, request_id});
    if (found == disk_.submissions.end()) return std::nullopt;
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
  MemoryDisk& disk_;
  const std::string cluster_id_ = "c-test";
  const std::int64_t term_;
};

// Keeps every sample. Not thread-safe.
class MemoryStepMetrics : public StepMetricsStore {
 public:
  absl::Status Append(const std::string& job_id, int attempt,
                      const std::vector<v1::StepMetrics>& samples) override {
    for (const v1::StepMetrics& sample : samples) {
      const auto [it, added] = jobs_[job_id].emplace(std::make_pair(sample.step(), attempt), sample);
      if (added) it->second.set_attempt(attempt);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<v1::StepMetrics>> Read(const std::string& job_id,
                                                    std::int64_t since_step) override {
    std::vector<v1::StepMetrics> samples;
    for (const auto& [key, sample] : jobs_[job_id]) {
      if (key.first > since_step) samples.push_back(sample);
    }
    return samples;
  }

 private:
  std::map<std::string, std::map<std::pair<std::int64_t, int>, v1::StepMetrics>> jobs_;
};

}  // namespace simclr::coordinator
