#pragma once

namespace simclr::engine {

// The text of encoder.py, which is written beside every exported encoder.
extern const char kEncoderPy[];

}  // namespace simclr::engine
