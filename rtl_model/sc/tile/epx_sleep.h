// SPDX-License-Identifier: Apache-2.0
// A clocked method that has nothing to do sleeps until one of its inputs changes: most of a chip
// waits most of the time. The method wakes between two edges and works again from the next edge on,
// as if it had run at every edge.
#ifndef EPX_SLEEP_H
#define EPX_SLEEP_H

#include <systemc>

namespace epx {

class Sleep {
 public:
  template <typename T>
  void wake_on(const sc_core::sc_in<T> &port) {  // after elaboration
    events_ |= port.value_changed_event();
  }
  template <typename T>
  void wake_on(const sc_core::sc_signal<T> &signal) {
    events_ |= signal.value_changed_event();
  }
  // To be asked first in the method: true where this call is the waking, to return at once.
  bool waking() {
    const bool asleep = asleep_;
    asleep_ = false;
    return asleep;
  }
  // To be called last in the method.
  void sleep() {
    asleep_ = true;
    sc_core::next_trigger(events_);
  }

 private:
  sc_core::sc_event_or_list events_;
  bool asleep_ = false;
};

}  // namespace epx

#endif
