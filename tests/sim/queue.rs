//! Delivers the records of the queue: late, in any order, some of them twice.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use confab_memory::yield_once;

use crate::executor::Spawner;
use crate::world::World;

/// Delivers until the devices have ended and the queue is empty. In a faulty run, records that are left wait until the
/// faults end.
pub(crate) async fn deliver(world: Arc<World>, spawner: Spawner, devices: Rc<Cell<usize>>) {
    let in_flight = Rc::new(Cell::new(0_usize));
    loop {
        let goes_on = devices.get() > 0 || !world.is_faulty();
        let waiting = if goes_on { world.queue.waiting() } else { 0 };
        if devices.get() == 0 && in_flight.get() == 0 && waiting == 0 {
            return;
        }
        if waiting > 0 && world.random.once_in(2) {
            receive(&world, &spawner, waiting, &in_flight);
        }
        yield_once().await;
    }
}

fn receive(world: &Arc<World>, spawner: &Spawner, waiting: usize, in_flight: &Rc<Cell<usize>>) {
    let any = usize::try_from(world.random.below(waiting as u64)).unwrap();
    let Some(task) = world.queue.receive(any) else { return };
    if world.random.once_in(8) {
        world.queue.put_back(task.clone());
    }
    in_flight.set(in_flight.get() + 1);
    let (world, in_flight) = (Arc::clone(world), Rc::clone(in_flight));
    spawner.spawn(async move {
        for _ in 0..world.random.below(*world.random.pick(&[1, 1, 10, 200])) {
            yield_once().await;
        }
        if !world.fan_out(&task).await {
            world.queue.put_back(task);
        }
        in_flight.set(in_flight.get() - 1);
    });
}
