#pragma once

#include "engine/train/run.h"
#include "simclr/v1/trainer_service.pb.h"

namespace simclr::trainer {

// The words of the engine in those of the service. Pure.
v1::FailureClass ToFailureClass(engine::EndClass end);
// Whatever the libraries below said, the message is printable and not longer than kMaxMessageText.
v1::TrainerEnd ToTrainerEnd(const engine::RunEnd& end);

// 0 success, 10 drained, 20 config, 21 data, 22 non-finite, 30 out of memory, 31 peer lost, 32 hardware,
// 33 storage full, 34 no more threads or open files, 1 anything else.
int ExitCode(engine::EndClass end);

}  // namespace simclr::trainer
