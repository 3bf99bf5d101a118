#pragma once

#include <optional>

#include "simclr/v1/trainer_service.pb.h"

namespace simclr::trainer {

// The trainer's stream to its agent. One thread sends, another receives, any thread closes. A lost stream
// stays lost: the trainer goes on training without it.
class AgentLink {
 public:
  virtual ~AgentLink() = default;

  // Blocks until the report is handed over; false once the stream is lost.
  virtual bool Send(const v1::TrainerReport& report) = 0;
  // Blocks for the next order, which nobody checked yet; nothing once the stream is lost or closed.
  virtual std::optional<v1::TrainerOrder> Receive() = 0;
  // Ends the stream after what was sent; Receive returns once the agent has read it.
  virtual void Close() = 0;
  // Ends the stream at once; Send and Receive return.
  virtual void Abandon() = 0;
};

}  // namespace simclr::trainer
