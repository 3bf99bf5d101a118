// Runs histories of the simulated cluster, one seed after the other.
//   simulate [--logs 1] [--seed S] [--histories N | --minutes M] [--at-least N] [--put-back FAULT]
// Exit 0: no history went wrong and every kind of fault, event and refusal was there. With --put-back: the
// fault was found.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/simulation/history.h"
#include "tests/simulation/put_back.h"

namespace simclr::simulation {
namespace {

struct Options {
  std::uint64_t seed = 1;
  int histories = 0;  // 0: by time
  int at_least = 0;   // of a run by time
  double minutes = 1;
  bool logs = false;
  std::string put_back;
};

bool Read(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    bool read = true;
    if (name == "--seed") {
      read = absl::SimpleAtoi(value, &options.seed);
    } else if (name == "--histories") {
      read = absl::SimpleAtoi(value, &options.histories);
    } else if (name == "--at-least") {
      read = absl::SimpleAtoi(value, &options.at_least);
    } else if (name == "--minutes") {
      read = absl::SimpleAtod(value, &options.minutes);
    } else if (name == "--logs") {
      read = absl::SimpleAtob(value, &options.logs);
    } else if (name == "--put-back") {
      options.put_back = value;
      read = PutFaultBack(value);
    } else {
      read = false;
    }
    if (!read) return false;
  }
  return argc % 2 == 1;
}

std::string Commit() {
  std::string commit;
  if (FILE* git = ::popen("git rev-parse --short=10 HEAD 2>/dev/null", "r")) {
    char line[64] = "";
    if (std::fgets(line, sizeof line, git) != nullptr) commit = line;
    ::pclose(git);
  }
  while (!commit.empty() && commit.back() == '\n') commit.pop_back();
  return commit.empty() ? "of this tree" : commit;
}

void Show(const std::string& title, const std::map<std::string, std::int64_t>& counts) {
  std::cout << title << "\n";
  for (const auto& [name, count] : counts) std::cout << absl::StrFormat("  %-28s %10d\n", name, count);
}

// What no history had, although it belongs to every run.
std::vector<std::string> Missing(const Tally& tally) {
  std::vector<std::string> missing;
  for (const FaultKind& kind : AllFaults()) {
    if (tally.faults.count(kind.name) == 0) missing.push_back(absl::StrCat("fault '", kind.name, "'"));
  }
  const auto* change = v1::Event::descriptor()->FindOneofByName("change");
  for (int i = 0; i < change->field_count(); ++i) {
    if (tally.events.count(change->field(i)->name()) == 0) {
      missing.push_back(absl::StrCat("event '", change->field(i)->name(), "'"));
    }
  }
  for (const std::string& refusal : AllRefusals()) {
    if (tally.refusals.count(refusal) == 0) missing.push_back(absl::StrCat("refusal '", refusal, "'"));
  }
  return missing;
}

void TellOf(std::uint64_t seed, const std::string& violation, const Options& options, const char* program) {
  std::cout << "seed " << seed << ": " << violation << "\n  commit " << Commit()
            << ", again with: " << program << " --histories 1 --seed " << seed;
  if (!options.put_back.empty()) std::cout << " --put-back " << options.put_back;
  std::cout << std::endl;
}

int Run(const Options& options, const char* program) {
  const auto start = std::chrono::steady_clock::now();
  const auto minutes = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 60;
  };
  const bool hunts = !options.put_back.empty();
  Tally tally;
  int histories = 0, failed = 0;
  const auto goes_on = [&] {
    if (options.histories > 0) return histories < options.histories;
    return minutes() < options.minutes || histories < options.at_least;
  };
  for (std::uint64_t seed = options.seed; goes_on() && (failed == 0 || !hunts); ++seed, ++histories) {
    History history(seed);
    history.Run();
    tally.Add(history.tally());
    if (history.violation().empty()) continue;
    ++failed;
    TellOf(seed, history.violation(), options, program);
    if (failed == 5) break;
  }
  if (hunts) {
    std::cout << options.put_back << (failed > 0 ? " is found after " : " is not found in ") << histories
              << " histories" << std::endl;
    return failed > 0 ? 0 : 1;
  }
  Show("faults", tally.faults);
  Show("events", tally.events);
  Show("refusals", tally.refusals);
  std::cout << absl::StrFormat("%d histories from seed %d in %.1f min: %.0f a minute, %d events\n", histories,
                               options.seed, minutes(), histories / minutes(), tally.journaled);
  const std::vector<std::string> missing = histories < 20 ? std::vector<std::string>() : Missing(tally);
  for (const std::string& what : missing) std::cout << "no history had the " << what << "\n";
  std::cout.flush();
  return failed == 0 && missing.empty() ? 0 : 1;
}

}  // namespace
}  // namespace simclr::simulation

int main(int argc, char** argv) {
  simclr::simulation::Options options;
  if (!simclr::simulation::Read(argc, argv, options)) {
    std::cerr << "usage: " << argv[0]
              << " [--logs 1] [--seed S] [--histories N | --minutes M [--at-least N]] [--put-back FAULT]\n";
    return 2;
  }
  // Of thousands of histories, each of which meets every failure.
  if (!options.logs && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  return simclr::simulation::Run(options, argv[0]);
}
