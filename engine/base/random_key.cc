#include "engine/base/random_key.h"

#include <cassert>
#include <cmath>
#include <numbers>

namespace simclr::engine {
namespace {

struct Product {
  std::uint32_t high, low;
};

Product Multiply(std::uint32_t a, std::uint32_t b) {
  const std::uint64_t product = std::uint64_t{a} * b;
  return {static_cast<std::uint32_t>(product >> 32), static_cast<std::uint32_t>(product)};
}

std::uint32_t Low(std::uint64_t x) {
  return static_cast<std::uint32_t>(x);
}
std::uint32_t High(std::uint64_t x) {
  return static_cast<std::uint32_t>(x >> 32);
}

}  // namespace

std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const Product a = Multiply(0xD2511F53U, counter[0]);
    const Product b = Multiply(0xCD9E8D57U, counter[2]);
    counter = {b.high ^ counter[1] ^ key[0], b.low, a.high ^ counter[3] ^ key[1], a.low};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

// Counter words: number of the block, epoch, index (low half), and in the last one stream (8 bits), view (8
// bits) and the next 16 bits of the index.
KeyedRandom::KeyedRandom(const RandomKey& key)
    : key_{Low(key.seed), High(key.seed)},
      counter_{0, key.epoch, Low(key.index),
               static_cast<std::uint32_t>(key.stream) << 24 | key.view << 16 | High(key.index)} {
  assert(static_cast<std::uint32_t>(key.stream) < 256 && key.view < 256 && High(key.index) < 65536);
}

std::uint32_t KeyedRandom::NextU32() {
  if (used_ == 4) {
    block_ = Philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

double KeyedRandom::Uniform() {
  const std::uint64_t high = NextU32() >> 5;  // 27 bits
  const std::uint64_t low = NextU32() >> 6;   // 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

double KeyedRandom::Uniform(double low, double high) {
  return low + (high - low) * Uniform();
}

// Lemire's method: the high half of a product, rejecting the few low halves that would favour small results.
std::uint32_t KeyedRandom::Below(std::uint32_t n) {
  assert(n > 0);
  const std::uint32_t threshold = (0U - n) % n;
  for (;;) {
    const Product product = Multiply(NextU32(), n);
    if (product.low >= threshold) return product.high;
  }
}

double KeyedRandom::Normal() {
  const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

}  // namespace simclr::engine
