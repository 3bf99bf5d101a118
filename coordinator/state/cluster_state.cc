#include "coordinator/state/cluster_state.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/time_util.h>

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

using google::protobuf::util::TimeUtil;

std::pair<v1::JobKind, v1::Phase> CountKey(const v1::JobRecord& record) {
  return {record.job().spec().kind(), record.job().status().phase()};
}

// Gives the slots of the job's live attempt to it. DATA_LOSS: one of them is another job's.
absl::Status Allocate(const v1::JobRecord& record, std::map<SlotKey, std::string>& allocations) {
  const v1::AttemptRecord* const live = LiveAttempt(record);
  if (live == nullptr) return absl::OkStatus();
  const std::string& id = record.job().id();
  for (const v1::RankRecord& rank : live->ranks()) {
    if (allocations.try_emplace({rank.worker(), rank.slot()}, id).second) continue;
    return absl::DataLossError(absl::StrCat("the state snapshot gives slot ", rank.slot(), " of worker ",
                                            rank.worker(), " twice, to job ", id, " too"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string StateImage::Serialize() const {
  v1::StateSnapshot snapshot;
  snapshot.set_revision(revision);
  *snapshot.mutable_at() = at;
  *snapshot.mutable_service_time() = service_time;
  snapshot.set_last_job_id(last_job_id);
  for (const JobPtr& record : jobs) *snapshot.add_jobs() = *record;
  for (const JobPtr& record : stubs) *snapshot.add_stubs() = *record;
  for (const WorkerPtr& record : workers) *snapshot.add_workers() = *record;
  for (const auto& [key, count] : ended) {
    v1::JobCount& added = *snapshot.add_ended();
    added.set_kind(key.first);
    added.set_phase(key.second);
    added.set_count(count);
  }
  for (const TombstonePtr& tombstone : tombstones) *snapshot.add_tombstones() = *tombstone;
  for (const auto& [path, job] : condemned) {
    const bool same = snapshot.condemned_size() > 0 && snapshot.condemned().rbegin()->job_id() == job;
    v1::FilesCondemned& files = same ? *snapshot.mutable_condemned()->rbegin() : *snapshot.add_condemned();
    files.set_job_id(job);
    files.add_paths(path);
  }
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // map fields in key order
  snapshot.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::StatusOr<ClusterState> ClusterState::Parse(const std::string& bytes, std::vector<JobPtr>* ended) {
  v1::StateSnapshot snapshot;
  if (!snapshot.ParseFromString(bytes)) return absl::DataLossError("the state snapshot cannot be read");
  ClusterState state;
  state.revision_ = snapshot.revision();
  state.at_ = snapshot.at();
  state.service_time_ = snapshot.service_time();
  state.last_job_id_ = snapshot.last_job_id();
  for (const v1::JobCount& count : snapshot.ended()) {
    state.ended_counts_[{count.kind(), count.phase()}] = count.count();
  }
  for (v1::JobRecord& stub : *snapshot.mutable_stubs()) {
    const std::string id = stub.job().id();
    state.stubs_[id] = std::make_shared<v1::JobRecord>(std::move(stub));
  }
  std::vector<JobPtr> left;
  for (v1::JobRecord& parsed : *snapshot.mutable_jobs()) {
    const auto record = std::make_shared<const v1::JobRecord>(std::move(parsed));
    const std::string& id = record->job().id();
    state.last_job_id_ = std::max(state.last_job_id_, id);
    if (!IsOpen(*record)) {
      left.push_back(record);
      continue;
    }
    SIMCLR_RETURN_IF_ERROR(Allocate(*record, state.allocations_));
    state.jobs_[id] = record;
    state.Index(record);
  }
  for (const JobPtr& record : left) state.Leave(record);
  for (v1::Tombstone& tombstone : *snapshot.mutable_tombstones()) {
    const auto kept = std::make_shared<const v1::Tombstone>(std::move(tombstone));
    state.tombstones_[kept->job().id()] = kept;
    state.deletions_[kept->revision()] = kept;
  }
  for (const v1::FilesCondemned& files : snapshot.condemned()) {
    for (const std::string& path : files.paths()) state.condemned_[path] = files.job_id();
  }
  if (ended != nullptr) *ended = std::move(left);
  for (v1::WorkerRecord& record : *snapshot.mutable_workers()) {
    const std::string name = record.worker().name();
    state.workers_[name] = std::make_shared<v1::WorkerRecord>(std::move(record));
  }
  return state;
}

StateImage ClusterState::Image() const {
  StateImage image{revision_, at_, service_time_, last_job_id_, {}, {}, {}, ended_counts_, {}, condemned_};
  image.jobs.reserve(jobs_.size());
  for (const auto& [id, record] : jobs_) image.jobs.push_back(record);
  for (const auto& [id, record] : stubs_) image.stubs.push_back(record);
  for (const auto& [name, record] : workers_) image.workers.push_back(record);
  for (const auto& [revision, tombstone] : deletions_) image.tombstones.push_back(tombstone);
  return image;
}

absl::Status ClusterState::Apply(const v1::Event& event) {
  SIMCLR_ASSIGN_OR_RETURN(const Change change, Derive(*this, event));
  Merge(change);
  return absl::OkStatus();
}

void ClusterState::Merge(const Change& change) {
  revision_ = change.revision;
  at_ = change.at;
  service_time_ = change.service_time;
  for (const auto& [id, stub] : change.stubs) stubs_[id] = stub;
  for (const auto& [id, record] : change.jobs) {
    const auto known = jobs_.find(id);
    if (known != jobs_.end()) {
      Unindex(*known->second);
      jobs_.erase(known);
    }
    last_job_id_ = std::max(last_job_id_, id);
    if (!IsOpen(*record)) {
      Leave(record);
    } else {
      jobs_[id] = record;
      Index(record);
    }
  }
  for (const auto& [name, record] : change.workers) workers_[name] = record;
  for (const auto& [slot, holder] : change.slots) {
    if (holder.empty()) {
      allocations_.erase(slot);
    } else {
      allocations_[slot] = holder;
    }
  }
  for (const auto& [id, tombstone] : change.tombstones) Bury(tombstone);
  for (const auto& [path, job] : change.condemned) {
    if (job.empty()) {
      condemned_.erase(path);
    } else {
      condemned_[path] = job;
    }
  }
  ForgetOldDeletions();
}

void ClusterState::Bury(const TombstonePtr& tombstone) {
  tombstones_[tombstone->job().id()] = tombstone;
  deletions_[tombstone->revision()] = tombstone;
  const auto count = ended_counts_.find({tombstone->kind(), tombstone->phase()});
  if (count != ended_counts_.end() && --count->second == 0) ended_counts_.erase(count);
}

void ClusterState::ForgetOldDeletions() {
  while (!deletions_.empty()) {
    const v1::Tombstone& oldest = *deletions_.begin()->second;
    if (FromProto(oldest.service_time()) + kTombstoneLife > service_time()) return;
    tombstones_.erase(oldest.job().id());
    deletions_.erase(deletions_.begin());
  }
}

void ClusterState::Index(const JobPtr& record) {
  const v1::Job& job = record->job();
  by_revision_[record->revision()] = job.id();
  by_name_.insert({job.spec().name(), job.id()});
  if (!job.spec().after().empty()) dependents_.insert({job.spec().after(), job.id()});
  for (const std::string& named : JobsNamedBy(job.spec())) namers_.insert({named, job.id()});
  ++by_owner_[job.owner()];
  ++open_counts_[CountKey(*record)];
}

void ClusterState::Unindex(const v1::JobRecord& record) {
  const v1::Job& job = record.job();
  by_revision_.erase(record.revision());
  by_name_.erase({job.spec().name(), job.id()});
  dependents_.erase({job.spec().after(), job.id()});
  for (const std::string& named : JobsNamedBy(job.spec())) namers_.erase({named, job.id()});
  if (--by_owner_[job.owner()] == 0) by_owner_.erase(job.owner());
  if (--open_counts_[CountKey(record)] == 0) open_counts_.erase(CountKey(record));
}

void ClusterState::Leave(const JobPtr& record) {
  const std::string& id = record->job().id();
  ++ended_counts_[CountKey(*record)];
  if (!DependentsOf(id).empty()) stubs_[id] = std::make_shared<v1::JobRecord>(StubOf(*record));
  const std::string& before = record->job().spec().after();
  if (!before.empty() && DependentsOf(before).empty()) stubs_.erase(before);
}

JobPtr ClusterState::FindJob(const std::string& id) const {
  if (const auto found = jobs_.find(id); found != jobs_.end()) return found->second;
  const auto stub = stubs_.find(id);
  return stub == stubs_.end() ? nullptr : stub->second;
}

JobPtr ClusterState::FindOpenJobNamed(const std::string& name) const {
  auto found = by_name_.lower_bound({name + '\0', ""});  // behind every id of that name
  if (found == by_name_.begin() || (--found)->first != name) return nullptr;
  return jobs_.at(found->second);
}

WorkerPtr ClusterState::FindWorker(const std::string& name) const {
  const auto found = workers_.find(name);
  return found == workers_.end() ? nullptr : found->second;
}

std::string ClusterState::HolderOf(const SlotKey& slot) const {
  const auto found = allocations_.find(slot);
  return found == allocations_.end() ? "" : found->second;
}

std::set<std::string> ClusterState::NamersOf(const std::string& job) const {
  std::set<std::string> jobs;
  for (auto it = namers_.lower_bound({job, ""}); it != namers_.end() && it->first == job; ++it) {
    jobs.insert(it->second);
  }
  return jobs;
}

TombstonePtr ClusterState::FindTombstone(const std::string& id) const {
  const auto found = tombstones_.find(id);
  return found == tombstones_.end() ? nullptr : found->second;
}

std::int64_t ClusterState::open_jobs_of(const std::string& owner) const {
  const auto found = by_owner_.find(owner);
  return found == by_owner_.end() ? 0 : found->second;
}

absl::Time ClusterState::at() const {
  return absl::FromUnixNanos(TimeUtil::TimestampToNanoseconds(at_));
}

absl::Duration ClusterState::service_time() const {
  return absl::Nanoseconds(TimeUtil::DurationToNanoseconds(service_time_));
}

std::map<std::pair<v1::JobKind, v1::Phase>, std::int64_t> ClusterState::Counts() const {
  auto counts = ended_counts_;
  counts.insert(open_counts_.begin(), open_counts_.end());  // no phase is both open and ended
  return counts;
}

std::set<std::string> ClusterState::JobsOn(const std::string& worker) const {
  std::set<std::string> jobs;
  const SlotKey first{worker, std::numeric_limits<int>::min()};
  for (auto it = allocations_.lower_bound(first); it != allocations_.end() && it->first.first == worker;
       ++it) {
    jobs.insert(it->second);
  }
  return jobs;
}

std::vector<std::string> ClusterState::DependentsOf(const std::string& job) const {
  std::vector<std::string> jobs;
  for (auto it = dependents_.lower_bound({job, ""}); it != dependents_.end() && it->first == job; ++it) {
    jobs.push_back(it->second);
  }
  return jobs;
}

}  // namespace simclr::coordinator
