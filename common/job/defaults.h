#pragma once

#include "simclr/v1/job.pb.h"

namespace simclr {

// `spec` with every default filled in that its kind uses: afterwards the spec alone says what will run,
// whatever later versions take as default. Presets are expanded into the fields of `augment`. What another
// kind uses is left as written, for ValidateSpec to refuse. A linear-eval job with `after` takes model and
// image size from that job's export, so neither is filled in. Idempotent, pure.
v1::JobSpec WithDefaults(const v1::JobSpec& written);

// The same of the limits alone; `step` stays absent, which means auto.
v1::Limits WithDefaults(const v1::Limits& written);

// A linear-eval job (not yet with defaults) that names the same data.source as the job `before` it and no
// data.test takes limit_per_class, holdout and the split's seed from that job where it does not write them,
// so that its test images are those that were never trained on. Else `spec` as it is. Pure.
v1::JobSpec WithSplitOf(const v1::JobSpec& before, v1::JobSpec spec);

}  // namespace simclr
