from shared.main import main

from kpi.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
