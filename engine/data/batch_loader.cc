#include "engine/data/batch_loader.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "engine/augment/kernels.h"
#include "engine/base/torch_status.h"

namespace simclr::engine {
namespace {

// A batch in the making. Images are handed out one by one, so that all threads work on the oldest unfinished
// batch.
struct Slot {
  Batch batch;
  int taken = 0;     // images handed out
  int finished = 0;  // images done
  int failed_at = 0;
  absl::Status status;  // of the failed image that comes first in the batch

  int size() const { return static_cast<int>(batch.indices.size()); }
  bool complete() const { return finished == size(); }
};

// One image to read and augment: its place in the slot.
struct Task {
  std::shared_ptr<Slot> slot;
  int place = 0;
};

struct TaskResult {
  absl::Status status;
  bool bad = false;  // another image stands in
  absl::Duration decode_time, augment_time;
};

}  // namespace

class BatchLoader::Impl {
 public:
  Impl(std::shared_ptr<const Dataset> dataset, Augmentation augmentation, Sampler sampler, std::uint64_t seed,
       std::int64_t first_step, std::int64_t end_step, const BatchLoaderOptions& options)
      : dataset_(std::move(dataset)),
        augmentation_(std::move(augmentation)),
        sampler_(std::move(sampler)),
        seed_(seed),
        end_step_(end_step),
        options_(options),
        next_step_(first_step) {
    assert(options.threads > 0 && options.queue > 0);
    StartThreads();
  }

  ~Impl() { StopThreads(); }

  absl::StatusOr<Batch> Next() {
    absl::MutexLock lock(&mutex_);
    if (!failure_.ok()) return failure_;
    const int queued = Queued();
    mutex_.Await(absl::Condition(this, &Impl::HeadReadyOrOver));
    if (slots_.empty()) return absl::OutOfRangeError(absl::StrCat("there is no step after ", end_step_ - 1));
    const std::shared_ptr<Slot> slot = slots_.front();
    slots_.pop_front();
    failure_ = slot->status;
    if (!failure_.ok()) return failure_;
    slot->batch.queued = queued;
    return std::move(slot->batch);
  }

 private:
  void StartThreads() {
    try {
      while (static_cast<int>(threads_.size()) < options_.threads) threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error& error) {
      // No destructor follows the constructor, and those that run use what is about to go.
      StopThreads();
      throw std::system_error(error.code(),
                              absl::StrCat("cannot start thread ", threads_.size() + 1, " of the ",
                                           options_.threads, " of data.loader_threads"));
    }
  }

  void StopThreads() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
  }

  int Queued() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    const auto complete = [](const std::shared_ptr<Slot>& slot) { return slot->complete(); };
    return static_cast<int>(std::find_if_not(slots_.begin(), slots_.end(), complete) - slots_.begin());
  }

  bool HeadReadyOrOver() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return slots_.empty() ? next_step_ >= end_step_ : slots_.front()->complete();
  }

  bool HasTaskOrStopping() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    if (stopping_ || !failure_.ok()) return stopping_;
    if (!slots_.empty() && slots_.back()->taken < slots_.back()->size()) return true;
    return next_step_ < end_step_ && static_cast<int>(slots_.size()) < options_.queue;
  }

  void Work() {
    std::vector<float> planar;
    std::vector<double> planar_fp64;
    for (;;) {
      const Task task = TakeTask();
      if (task.slot == nullptr) return;
      TaskResult result;
      const auto body = [&] {
        return options_.fp64 ? Make(task, ScalarKernelsDouble(), &planar_fp64, &result)
                             : Make(task, ScalarKernels(), &planar, &result);
      };
      result.status = CatchTorch("loading an image", body);
      Finish(task, result);
    }
  }

  // A null slot means stop.
  Task TakeTask() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Impl::HasTaskOrStopping));
    if (stopping_) return {};
    if (slots_.empty() || slots_.back()->taken == slots_.back()->size()) OpenSlot();
    return {slots_.back(), slots_.back()->taken++};
  }

  void OpenSlot() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto slot = std::make_shared<Slot>();
    slot->batch.step = next_step_++;
    slot->batch.indices = sampler_.RankBatch(slot->batch.step);
    slot->status = CatchTorch("allocating a batch", [&] {
      const std::int64_t side = augmentation_.image_size();
      slot->batch.views = at::empty({2 * static_cast<std::int64_t>(slot->size()), 3, side, side},
                                    at::TensorOptions(options_.fp64 ? at::kDouble : at::kFloat)
                                        .memory_format(at::MemoryFormat::ChannelsLast));
      return absl::OkStatus();
    });
    slots_.push_back(std::move(slot));
  }

  template <typename T>
  absl::Status Make(const Task& task, const Kernels<T>& kernels, std::vector<T>* planar,
                    TaskResult* result) const {
    const Batch& batch = task.slot->batch;
    if (!batch.views.defined()) return absl::OkStatus();
    const absl::Duration start = RealClock().Monotonic();
    const absl::StatusOr<Image> image = dataset_->Read(batch.indices[task.place]);
    if (!image.ok()) return image.status();
    const absl::Duration decoded = RealClock().Monotonic();
    const std::size_t pixels =
        static_cast<std::size_t>(augmentation_.image_size()) * augmentation_.image_size();
    planar->resize(3 * pixels);
    for (std::uint32_t view : {0u, 1u}) {
      const RandomKey key{.seed = seed_,
                          .epoch = static_cast<std::uint32_t>(sampler_.epoch_of(batch.step)),
                          .index = static_cast<std::uint64_t>(batch.indices[task.place]),
                          .view = view};
      Render(*image, key, planar);
      const std::size_t row = task.place + view * batch.indices.size();
      kernels.interleave(planar->data(), pixels, static_cast<T*>(batch.views.data_ptr()) + row * 3 * pixels);
    }
    result->bad = dataset_->bad(batch.indices[task.place]);
    result->decode_time = decoded - start;
    result->augment_time = RealClock().Monotonic() - decoded;
    return absl::OkStatus();
  }

  void Render(const Image& image, const RandomKey& key, std::vector<float>* planar) const {
    augmentation_.View(image, key, {planar->data(), augmentation_.image_size(), augmentation_.image_size()});
  }
  void Render(const Image& image, const RandomKey& key, std::vector<double>* planar) const {
    augmentation_.ViewDouble(image, key, planar->data());
  }

  void Finish(const Task& task, const TaskResult& result) {
    absl::MutexLock lock(&mutex_);
    Slot& slot = *task.slot;
    ++slot.finished;
    slot.batch.bad_images += result.bad ? 1 : 0;
    slot.batch.decode_time += result.decode_time;
    slot.batch.augment_time += result.augment_time;
    if (result.status.ok() || (!slot.status.ok() && slot.failed_at < task.place)) return;
    slot.status = result.status;
    slot.failed_at = task.place;
  }

  const std::shared_ptr<const Dataset> dataset_;
  const Augmentation augmentation_;
  const Sampler sampler_;
  const std::uint64_t seed_;
  const std::int64_t end_step_;
  const BatchLoaderOptions options_;

  mutable absl::Mutex mutex_;
  std::deque<std::shared_ptr<Slot>> slots_
      ABSL_GUARDED_BY(mutex_);                      // in step order; the first is delivered next
  std::int64_t next_step_ ABSL_GUARDED_BY(mutex_);  // of the slot that is opened next
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);    // of a batch that was delivered
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;  // last: they use everything above
};

BatchLoader::BatchLoader(std::shared_ptr<const Dataset> dataset, Augmentation augmentation, Sampler sampler,
                         std::uint64_t seed, std::int64_t first_step, std::int64_t end_step,
                         const BatchLoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(dataset), std::move(augmentation), std::move(sampler), seed,
                                   first_step, end_step, options)) {}

BatchLoader::~BatchLoader() = default;

absl::StatusOr<Batch> BatchLoader::Next() {
  return impl_->Next();
}

}  // namespace simclr::engine
