#include "cli/commands/get_jobs.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <ostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

constexpr std::int64_t kPageSize = 1000;  // the largest; an answer is bounded in bytes, too

std::string Steps(const v1::JobStatus& status) {
  return status.total_steps() > 0 ? absl::StrCat(status.step(), "/", status.total_steps()) : "-";
}

std::vector<std::string> JobHeader(bool wide) {
  std::vector<std::string> header = {"ID", "NAME", "PHASE", "STEP", "ATTEMPT", "AGE", "REASON"};
  if (wide) header.insert(header.end(), {"KIND", "RANKS", "EPOCH", "RESTARTS", "OWNER", "LABELS"});
  return header;
}

std::vector<std::string> JobRow(const v1::Job& job, const std::string& phase, bool wide) {
  const v1::JobStatus& status = job.status();
  std::vector<std::string> row = {job.id(),
                                  job.spec().name(),
                                  phase,
                                  Steps(status),
                                  absl::StrCat(status.attempt()),
                                  Age(status.submitted_at()),
                                  OrDash(EnumWord(status.reason()))};
  if (wide) {
    row.insert(row.end(), {EnumWord(job.spec().kind()), absl::StrCat(job.spec().resources().ranks()),
                           absl::StrFormat("%.1f", status.epoch()), absl::StrCat(status.restarts()),
                           OrDash(job.owner()), LabelsText(job.spec())});
  }
  return row;
}

// Jobs on a stream, in the format that is asked for.
class JobPrinter {
 public:
  JobPrinter(std::ostream& out, OutputFormat format)
      : out_(out), format_(format), wide_(format == OutputFormat::kWide), table_(JobHeader(wide_)) {
    if (IsDocument(format)) items_.emplace(out, ItemsForm(format));
  }

  void Add(const v1::Job& job) {
    if (items_.has_value()) {
      items_->Add(job);
    } else if (format_ == OutputFormat::kName) {
      out_ << job.id() << "\n";
    } else {
      table_.AddRow(JobRow(job, EnumWord(job.status().phase()), wide_));
    }
  }
  // What was added so far is on the screen afterwards.
  void EndPage() {
    if (!items_.has_value() && format_ != OutputFormat::kName) out_ << table_.Text();
    out_.flush();
  }
  void End() {
    if (items_.has_value()) items_->End();
    out_.flush();
  }

 private:
  std::ostream& out_;
  const OutputFormat format_;
  const bool wide_;
  Table table_;
  std::optional<ItemsWriter> items_;
};

absl::StatusOr<int> GetOneJob(Client& client, std::ostream& out, OutputFormat format,
                              const std::string& name) {
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(name));
  if (IsDocument(format)) {
    Print(out, format, job);
  } else {
    JobPrinter printer(out, format);
    printer.Add(job);
    printer.EndPage();
  }
  return kOk;
}

void PrintChange(std::ostream& out, OutputFormat format, const v1::JobChange& change) {
  if (IsDocument(format)) {
    if (!change.deleted()) Print(out, format, change.job());
    return;
  }
  const std::string phase = change.deleted() ? "DELETED" : EnumWord(change.job().status().phase());
  const auto row = JobRow(change.job(), phase, format == OutputFormat::kWide);
  for (const std::string& cell : row) out << Printable(cell) << (&cell == &row.back() ? "\n" : "  ");
}

// A line, or a document, at every change; ends with the job where one is named.
absl::StatusOr<int> WatchJobTable(Client& client, std::ostream& out, OutputFormat format,
                                  const std::string& name) {
  if (!IsDocument(format) && format != OutputFormat::kName)
    out << "ID  NAME  PHASE  STEP  ATTEMPT  AGE  REASON\n";
  std::vector<std::string> jobs;
  if (!name.empty()) jobs.push_back(name);
  SIMCLR_RETURN_IF_ERROR(WithReconnect(client, {}, kOutageLimit, [&](const std::function<void()>& answered) {
    return client.WatchJobs(jobs, {}, absl::InfiniteFuture(), [&](const v1::JobChange& change) {
      answered();
      PrintChange(out, format, change);
      out.flush();
      return out.good() && (name.empty() || !(change.deleted() || IsEnded(change.job().status().phase())));
    });
  }));
  return kOk;
}

absl::StatusOr<int> ListJobs(Client& client, std::ostream& out, OutputFormat format,
                             const GetJobsOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(v1::ListJobsRequest request, ToRequest(options.filter, absl::Now()));
  request.set_newest_first(options.newest_first);
  std::int64_t left = options.limit > 0 ? options.limit : std::numeric_limits<std::int64_t>::max();
  request.set_page_size(static_cast<int>(std::min(left, kPageSize)));
  JobPrinter printer(out, format);
  SIMCLR_RETURN_IF_ERROR(client.ListJobs(request, [&](const v1::ListJobsResponse& page) {
    for (const v1::Job& job : page.jobs()) {
      if (left-- > 0) printer.Add(job);
    }
    printer.EndPage();
    return left > 0 && out.good();
  }));
  printer.End();
  return kOk;
}

}  // namespace

absl::StatusOr<int> GetJobs(Client& client, const CommandContext& context, OutputFormat format,
                            const GetJobsOptions& options) {
  const bool narrowed = !options.filter.empty() || options.limit > 0 || options.newest_first;
  if (narrowed && (options.watch || !options.name.empty())) {
    return UsageError("filters are for the list of jobs; leave out the name and -w, or the filters");
  }
  if (options.watch) return WatchJobTable(client, context.out, format, options.name);
  if (!options.name.empty()) return GetOneJob(client, context.out, format, options.name);
  return ListJobs(client, context.out, format, options);
}

}  // namespace simclr::cli
