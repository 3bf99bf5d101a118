#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/checks.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/server.h"
#include "tests/simulation/tally.h"

namespace simclr::simulation {

// People who submit, look, cancel, delete, and ask again with the same request id where no answer comes.
class Users {
 public:
  Users(Dice& dice, Tally& tally, Server& server, Checks& checks)
      : dice_(dice), tally_(tally), server_(server), checks_(checks) {}

  void Submit();
  void CancelAny();
  void Delete();
  void Prune();
  // Of what was deleted, who asks hears that it was; later, that there is no such job.
  void LookForDeleted();
  void LookForForgotten();
  void Look();
  // As a watch does: by the revision that was seen last. Whatever was submitted, its end must be heard of.
  void Follow();
  void CheckFollowed();
  void OnWentBack();
  // What was not answered yet is asked again.
  void AskAgain();
  // Whoever asked for more than there is gives up.
  void GiveUpWhatNeverFits();

  void Calm() { calm_ = true; }
  bool waits() const { return !waiting_.empty() || !deletions_.empty(); }
  int open_jobs() const { return static_cast<int>(checks_.durable().open_jobs()); }
  v1::SubmitJobRequest NextRequest();

 private:
  struct Wish {
    v1::SubmitJobRequest request;
    std::string user;
    bool older = false;  // than a database that went back
  };
  struct Deletion {
    v1::DeleteJobsRequest request;
    std::string user;
    bool done = false;  // though the answer was lost
  };

  // Whether the question, and then the answer, arrives.
  bool Arrives() { return calm_ || !dice_.Chance(0.05); }
  bool Ask(const Wish& wish);
  bool Ask(Deletion& deletion);
  void DeleteAgain();
  void NoteRefusal(const absl::Status& status);
  std::string AnyNeeded();  // by an open job; empty: none
  void CheckList(const std::vector<v1::Job>& jobs, bool newest_first);

  Dice& dice_;
  Tally& tally_;
  Server& server_;
  Checks& checks_;
  bool calm_ = false;
  int requests_ = 0;
  std::deque<Wish> waiting_;
  std::vector<Wish> answered_;
  std::deque<Deletion> deletions_;
  std::int64_t followed_revision_ = 0;
  std::map<std::string, v1::Phase> followed_;
  std::set<std::string> followed_deletions_;
};

}  // namespace simclr::simulation
