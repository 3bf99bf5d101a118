#pragma once

#include <signal.h>
#include <sys/wait.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/subprocess.h"

namespace simclr {

// A program that runs until the end of the scope; what it says lies in the file `log`.
class BackgroundProcess {
 public:
  BackgroundProcess(std::vector<std::string> arguments, const std::string& log) : log_(log) {
    ProcessOptions options;
    options.arguments = std::move(arguments);
    options.environment = CurrentEnvironment();
    options.output_file = log;
    process_ = Spawn(options).value();
  }
  ~BackgroundProcess() {
    SignalGroup(process_, SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
  }
  std::string log() const { return PosixFileSystem().Read(log_).value_or(""); }

 private:
  const std::string log_;
  ProcessIdentity process_;
};

}  // namespace simclr
