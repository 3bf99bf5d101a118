#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/checks.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/server.h"
#include "tests/simulation/tally.h"

namespace simclr::simulation {

// People who submit, look, cancel, and ask again with the same request id where no answer comes.
class Users {
 public:
  Users(Dice& dice, Tally& tally, Server& server, Checks& checks)
      : dice_(dice), tally_(tally), server_(server), checks_(checks) {}

  void Submit();
  void CancelAny();
  void Look();
  // As a watch does: by the revision that was seen last. Whatever was submitted, its end must be heard of.
  void Follow();
  void CheckFollowed();
  void OnRestored();
  // What was not answered yet is asked again.
  void AskAgain();
  // Whoever asked for more than there is gives up.
  void GiveUpWhatNeverFits();

  void Calm() { calm_ = true; }
  bool waits() const { return !waiting_.empty(); }
  int open_jobs() const { return static_cast<int>(checks_.durable().open_jobs()); }
  v1::SubmitJobRequest NextRequest();

 private:
  struct Wish {
    v1::SubmitJobRequest request;
    std::string user;
  };

  // Whether the question, and then the answer, arrives.
  bool Arrives() { return calm_ || !dice_.Chance(0.05); }
  bool Ask(const Wish& wish);
  void CheckList(const std::vector<v1::Job>& jobs, bool newest_first);

  Dice& dice_;
  Tally& tally_;
  Server& server_;
  Checks& checks_;
  bool calm_ = false;
  int requests_ = 0;
  std::deque<Wish> waiting_;
  std::vector<Wish> answered_;
  std::int64_t followed_revision_ = 0;
  std::map<std::string, v1::Phase> followed_;
};

}  // namespace simclr::simulation
