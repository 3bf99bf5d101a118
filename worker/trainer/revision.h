#pragma once

namespace simclr::trainer {

// The commit that this program was built from, or what -DSIMCLR_REVISION said (cmake/write_revision.cmake).
const char* Revision();

}  // namespace simclr::trainer
