#pragma once

#include <grpcpp/support/sync_stream.h>

#include <cstdint>
#include <string>
#include <utility>

#include "coordinator/server/artifact_reader.h"
#include "coordinator/server/service_context.h"

namespace simclr::coordinator {

inline constexpr std::size_t kChunkBytes = 1 << 20;

// Whether a long stream has somebody to serve. CANCELLED, UNAVAILABLE: no.
inline absl::Status CheckGoesOn(const ServiceContext& service, const grpc::ServerContext& context) {
  if (context.IsCancelled()) return absl::CancelledError("the client went away");
  if (service.stopping.HasBeenNotified()) return absl::UnavailableError("the coordinator stops; ask again");
  return absl::OkStatus();
}

inline absl::Status ClientGone() {
  return absl::CancelledError("the client went away");
}

// Sends a file from `offset` on; chunks say where they lie in something of which the file's first byte is the
// `base`th. `Chunk` has data and offset.
template <typename Chunk>
absl::Status SendFile(const ServiceContext& service, const grpc::ServerContext& context,
                      const ArtifactFile& file, std::int64_t offset, std::int64_t base,
                      grpc::ServerWriter<Chunk>& writer) {
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    SIMCLR_ASSIGN_OR_RETURN(std::string bytes, file.ReadAt(offset, kChunkBytes));
    if (bytes.empty()) return absl::OkStatus();
    Chunk chunk;
    chunk.set_offset(base + offset);
    offset += static_cast<std::int64_t>(bytes.size());
    chunk.set_data(std::move(bytes));
    if (!writer.Write(chunk)) return ClientGone();
  }
}

}  // namespace simclr::coordinator
