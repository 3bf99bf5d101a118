#include "worker/agent/trainer_service.h"

#include <stdlib.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "worker/agent/trainer_stream.h"

namespace simclr::agent {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* TrainerService::Attach(
    grpc::CallbackServerContext*) {
  return new TrainerStream(*this);
}

void TrainerService::Send(const RankKey& key, const v1::TrainerOrder& order) {
  absl::MutexLock lock(&mutex_);
  // Under the lock, because an unregistered stream may be deleted; it only queues.
  if (const auto stream = streams_.find(key); stream != streams_.end()) stream->second->Send(order);
}

void TrainerService::Register(const RankKey& key, TrainerStream* stream) {
  absl::MutexLock lock(&mutex_);
  streams_[key] = stream;
}

void TrainerService::Unregister(const RankKey& key, TrainerStream* stream) {
  {
    absl::MutexLock lock(&mutex_);
    const auto registered = streams_.find(key);
    if (registered == streams_.end() || registered->second != stream) return;
    streams_.erase(registered);
  }
  callbacks_.on_detached(key);
}

absl::StatusOr<std::unique_ptr<SocketDirectory>> SocketDirectory::Create(std::string runtime_directory) {
  if (runtime_directory.empty()) {
    const char* const xdg = ::getenv("XDG_RUNTIME_DIR");
    runtime_directory = xdg != nullptr && PosixFileSystem().Exists(xdg) ? xdg : "/tmp";
  }
  std::string path = JoinPath(runtime_directory, "simclr-XXXXXX");
  // mkdtemp makes it with mode 0700.
  if (::mkdtemp(path.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make a directory for the trainers' socket in ",
                                            runtime_directory, ": ", std::strerror(errno)));
  }
  std::unique_ptr<SocketDirectory> directory(new SocketDirectory(std::move(path)));
  constexpr std::size_t kLimit = sizeof(sockaddr_un::sun_path);
  if (directory->socket().size() >= kLimit) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory->socket(), " is longer than the ", kLimit,
                     " bytes of a Unix socket path; set a shorter XDG_RUNTIME_DIR"));
  }
  return directory;
}

SocketDirectory::~SocketDirectory() {
  PosixFileSystem().RemoveAll(path_).IgnoreError();
}

}  // namespace simclr::agent
